package main

import (
	"fmt"
	"log"
	"time"

	"github.com/pion/interceptor"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
	"github.com/pion/webrtc/v4/pkg/media"

	whipclient "live777-recorder/test/peers/pion/whip"
)

const connectTime = 30 * time.Second

// publisher sends the media of one stream.
type publisher struct {
	video, audio func(sample []byte, each time.Duration) error
	end          func()
}

// publish sets up a session over WHIP (RFC 9725) and waits until it is connected.
func publish(whip string, total *counts) (*publisher, error) {
	connection, err := whipclient.NewConnection(&packetCounter{total: total})
	if err != nil {
		return nil, err
	}
	// A connection that was interrupted is connected again.
	connected := make(chan struct{}, 1)
	connection.OnConnectionStateChange(func(state webrtc.PeerConnectionState) {
		switch state {
		case webrtc.PeerConnectionStateConnected:
			select {
			case connected <- struct{}{}:
			default:
			}
		case webrtc.PeerConnectionStateFailed:
			total.Lost.Add(1)
		}
	})
	video, err := addTrack(connection, webrtc.MimeTypeH264, total)
	if err != nil {
		return nil, err
	}
	audio, err := addTrack(connection, webrtc.MimeTypeOpus, total)
	if err != nil {
		return nil, err
	}
	session, err := whipclient.Post(connection, whip)
	if err != nil {
		return nil, err
	}
	select {
	case <-connected:
	case <-time.After(connectTime):
		return nil, fmt.Errorf("%s: not connected after %s", whip, connectTime)
	}
	end := func() {
		if err := whipclient.Delete(session); err != nil {
			log.Print(err)
		}
		connection.Close()
	}
	return &publisher{video: video, audio: audio, end: end}, nil
}

// packetCounter counts the packets that tracks send; it is its own factory.
type packetCounter struct {
	interceptor.NoOp
	total *counts
}

func (c *packetCounter) NewInterceptor(string) (interceptor.Interceptor, error) { return c, nil }

func (c *packetCounter) BindLocalStream(
	info *interceptor.StreamInfo, writer interceptor.RTPWriter,
) interceptor.RTPWriter {
	write := func(header *rtp.Header, payload []byte, attributes interceptor.Attributes) (int, error) {
		if header.SSRC == info.SSRC {
			c.total.Packets.Add(1)
		}
		return writer.Write(header, payload, attributes)
	}
	return interceptor.RTPWriterFunc(write)
}

func addTrack(
	connection *webrtc.PeerConnection, mimeType string, total *counts,
) (func([]byte, time.Duration) error, error) {
	codec := webrtc.RTPCodecCapability{MimeType: mimeType}
	track, err := webrtc.NewTrackLocalStaticSample(codec, mimeType[:5], "load")
	if err != nil {
		return nil, err
	}
	sendOnly := webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendonly}
	transceiver, err := connection.AddTransceiverFromTrack(track, sendOnly)
	if err != nil {
		return nil, err
	}
	go func() {
		for {
			packets, _, err := transceiver.Sender().ReadRTCP()
			if err != nil {
				return
			}
			for _, packet := range packets {
				if nack, ok := packet.(*rtcp.TransportLayerNack); ok {
					for _, pair := range nack.Nacks {
						total.Nacked.Add(int64(len(pair.PacketList())))
					}
				}
			}
		}
	}()
	return func(sample []byte, each time.Duration) error {
		return track.WriteSample(media.Sample{Data: sample, Duration: each})
	}, nil
}
