// Command load publishes many streams of H264 and Opus over WHIP, as cheaply as pion/webrtc can, so that
// a recorder can be measured. Or it sends datagrams of the same sizes at the same times to plain UDP
// ports, to measure what receiving alone costs.
//
// It prints a line once all streams have begun, and after that, for each line that it reads, its counts
// until then as JSON. It ends with its input.
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"live777-recorder/test/peers/pion/clip"
)

const (
	pictureTime = time.Second / 30
	soundTime   = 20 * time.Millisecond
	// Sessions that are set up at the same time.
	together = 4
)

// counts are of all streams together.
type counts struct {
	// Packets of media, each counted once.
	Packets atomic.Int64
	// Packets that the recorder asked for again.
	Nacked atomic.Int64
	// Connections that were lost.
	Lost atomic.Int64
}

func main() {
	whip := flag.String("whip", "", "WHIP endpoint; {stream} stands for the name of a stream")
	udp := flag.String("udp", "", "instead of WHIP: ports to send to, separated by commas")
	streams := flag.Int("streams", 1, "number of streams")
	video := flag.String("video", "", "H264 file, Annex B, 30 pictures a second, one slice a picture")
	audio := flag.String("audio", "", "Ogg file of Opus packets of 20 ms")
	bitrate := flag.Int("bitrate", 2_500_000, "of the video, bit/s")
	spread := flag.Duration("spread", pictureTime,
		"time from the beginning of the first stream to that of the last; keyframes are that far apart too")
	flag.Parse()
	if err := run(*whip, *udp, *streams, *video, *audio, *bitrate, *spread); err != nil {
		log.Fatal(err)
	}
}

func run(whip, udp string, streams int, video, audio string, bitrate int, spread time.Duration) error {
	pictures, err := clip.ReadPictures(video)
	if err != nil {
		return err
	}
	for index, picture := range pictures {
		pictures[index] = fill(picture, bitrate/8/int(time.Second/pictureTime))
	}
	sounds, err := clip.ReadOpus(audio)
	if err != nil {
		return err
	}
	total := &counts{}
	publishers, err := connect(whip, udp, streams, total)
	if err != nil {
		return err
	}
	for index, publisher := range publishers {
		// The pictures of all streams at the same instant would be a burst that no real load has.
		offset := max(spread, pictureTime) * time.Duration(index) / time.Duration(len(publishers))
		go play(publisher.video, pictures, pictureTime, offset)
		go play(publisher.audio, sounds, soundTime, offset)
	}
	time.Sleep(max(spread, pictureTime))
	fmt.Println("publishing")
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		json.NewEncoder(os.Stdout).Encode(map[string]int64{
			"packets": total.Packets.Load(), "nacked": total.Nacked.Load(), "lost": total.Lost.Load(),
		})
	}
	var ended sync.WaitGroup
	for _, publisher := range publishers {
		ended.Add(1)
		go func() {
			defer ended.Done()
			publisher.end()
		}()
	}
	ended.Wait()
	return lines.Err()
}

// connect sets up all publishers, some at a time.
func connect(whip, udp string, streams int, total *counts) ([]*publisher, error) {
	if udp != "" {
		return connectPlain(strings.Split(udp, ","), total)
	}
	publishers := make([]*publisher, streams)
	failures := make(chan error, streams)
	slots := make(chan struct{}, together)
	for index := range streams {
		go func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			endpoint := strings.ReplaceAll(whip, "{stream}", fmt.Sprintf("load%03d", index))
			var err error
			publishers[index], err = publish(endpoint, total)
			failures <- err
		}()
	}
	for range streams {
		if err := <-failures; err != nil {
			return nil, err
		}
	}
	return publishers, nil
}

// play sends the samples in a loop, each at its time.
func play(write func(sample []byte, each time.Duration) error, samples [][]byte, each, offset time.Duration) {
	start := time.Now().Add(offset)
	for number := 0; ; number++ {
		time.Sleep(time.Until(start.Add(time.Duration(number) * each)))
		if err := write(samples[number%len(samples)], each); err != nil {
			return
		}
	}
}

// fill makes a picture as long as wanted, bytes, by user data in front of it (ITU-T H.264, section D.1.7):
// pion does not send filler data.
func fill(picture []byte, bytes int) []byte {
	// Start code and header.
	const head = 5
	missing := bytes - len(picture)
	if missing < head {
		return picture
	}
	message := make([]byte, missing, bytes)
	copy(message, []byte{0, 0, 0, 1, 6})
	for index := head; index < missing; index++ {
		message[index] = 0xff
	}
	return append(message, picture...)
}
