package main

import (
	"net"
	"time"
)

// packetBytes is the size of the payload of pion's packets.
const packetBytes = 1200

// connectPlain sends datagrams as long as those of SRTP instead of sessions.
func connectPlain(ports []string, total *counts) ([]*publisher, error) {
	publishers := make([]*publisher, len(ports))
	for index, port := range ports {
		connection, err := net.Dial("udp4", net.JoinHostPort("127.0.0.1", port))
		if err != nil {
			return nil, err
		}
		write := func(sample []byte, _ time.Duration) error {
			for start := 0; start < len(sample); start += packetBytes {
				// A port that nobody reads refuses; that is counted by who compares the counts.
				connection.Write(sample[start:min(start+packetBytes, len(sample))])
				total.Packets.Add(1)
			}
			return nil
		}
		publishers[index] = &publisher{video: write, audio: write, end: func() { connection.Close() }}
	}
	return publishers, nil
}
