// Command pion publishes a clip over WHIP with pion/webrtc as its own examples set it up, and prints
// as JSON what it sent.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"math"
	"os"
	"time"

	"github.com/pion/webrtc/v4"
	"github.com/pion/webrtc/v4/pkg/media"

	"live777-recorder/test/peers/pion/clip"
	whipclient "live777-recorder/test/peers/pion/whip"
)

const (
	pictureTime = time.Second / 30
	soundTime   = 20 * time.Millisecond
	connectTime = 15 * time.Second
)

func main() {
	whip := flag.String("whip", "", "WHIP endpoint")
	video := flag.String("video", "", "H264 file, Annex B, 30 pictures a second, one slice a picture")
	audio := flag.String("audio", "", "Ogg file of Opus packets of 20 ms")
	seconds := flag.Float64("seconds", 25, "how long to publish")
	flag.Parse()
	if err := run(*whip, *video, *audio, *seconds); err != nil {
		log.Fatal(err)
	}
}

func run(whip, video, audio string, seconds float64) error {
	pictures, err := clip.ReadPictures(video)
	if err != nil {
		return err
	}
	sounds, err := clip.ReadOpus(audio)
	if err != nil {
		return err
	}
	tap := &wireTap{video: newSent(), audio: newSent()}
	connection, err := whipclient.NewConnection(tap)
	if err != nil {
		return err
	}
	defer connection.Close()
	connected, lost := make(chan struct{}), make(chan struct{})
	connection.OnConnectionStateChange(func(state webrtc.PeerConnectionState) {
		switch state {
		case webrtc.PeerConnectionStateConnected:
			close(connected)
		case webrtc.PeerConnectionStateFailed:
			close(lost)
		}
	})
	videoTrack, err := addTrack(connection, webrtc.MimeTypeH264, tap.video)
	if err != nil {
		return err
	}
	audioTrack, err := addTrack(connection, webrtc.MimeTypeOpus, tap.audio)
	if err != nil {
		return err
	}
	session, err := whipclient.Post(connection, whip)
	if err != nil {
		return err
	}
	select {
	case <-connected:
	case <-time.After(connectTime):
		return fmt.Errorf("not connected after %s", connectTime)
	}

	ended := make(chan error, 2)
	go func() { ended <- send(videoTrack, pictures, pictureTime, seconds, tap.video) }()
	go func() { ended <- send(audioTrack, sounds, soundTime, seconds, tap.audio) }()
	for range 2 {
		select {
		case err = <-ended:
		case <-lost:
			err = fmt.Errorf("the connection was lost")
		}
		if err != nil {
			return err
		}
	}
	// What was lost last is asked for yet.
	time.Sleep(time.Second)
	if err := whipclient.Delete(session); err != nil {
		return err
	}
	tap.video.sum()
	tap.audio.sum()
	return json.NewEncoder(os.Stdout).Encode(map[string]*sent{"video": tap.video, "audio": tap.audio})
}

func addTrack(
	connection *webrtc.PeerConnection, mimeType string, counts *sent,
) (*webrtc.TrackLocalStaticSample, error) {
	codec := webrtc.RTPCodecCapability{MimeType: mimeType}
	track, err := webrtc.NewTrackLocalStaticSample(codec, mimeType[:5], "pion")
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
			counts.feedback(packets)
		}
	}()
	return track, nil
}

// send plays the samples in a loop, each at its time.
func send(
	track *webrtc.TrackLocalStaticSample, samples [][]byte, each time.Duration, seconds float64, counts *sent,
) error {
	start := time.Now()
	for count := int(math.Round(seconds / each.Seconds())); counts.Samples < count; {
		time.Sleep(time.Until(start.Add(time.Duration(counts.Samples) * each)))
		data := samples[counts.Samples%len(samples)]
		if err := track.WriteSample(media.Sample{Data: data, Duration: each}); err != nil {
			return err
		}
		counts.Samples++
	}
	return nil
}
