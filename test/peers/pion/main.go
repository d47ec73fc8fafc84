// Command pion publishes a clip over WHIP with pion/webrtc as its own examples set it up, and prints
// as JSON what it sent.
package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"math"
	"net"
	"net/http"
	"net/url"
	"os"
	"time"

	"github.com/pion/interceptor"
	"github.com/pion/webrtc/v4"
	"github.com/pion/webrtc/v4/pkg/media"
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
	pictures, err := readPictures(video)
	if err != nil {
		return err
	}
	sounds, err := readOpus(audio)
	if err != nil {
		return err
	}
	tap := &wireTap{video: newSent(), audio: newSent()}
	connection, err := newConnection(tap)
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
	session, err := post(connection, whip)
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
	if err := end(session); err != nil {
		return err
	}
	tap.video.sum()
	tap.audio.sum()
	return json.NewEncoder(os.Stdout).Encode(map[string]*sent{"video": tap.video, "audio": tap.audio})
}

func newConnection(tap *wireTap) (*webrtc.PeerConnection, error) {
	engine := &webrtc.MediaEngine{}
	if err := engine.RegisterDefaultCodecs(); err != nil {
		return nil, err
	}
	registry := &interceptor.Registry{}
	registry.Add(tap)
	if err := webrtc.ConfigureTWCCHeaderExtensionSender(engine, registry); err != nil {
		return nil, err
	}
	if err := webrtc.RegisterDefaultInterceptors(engine, registry); err != nil {
		return nil, err
	}
	// One way to the recorder: with more, what lies between could not tell which one is in use.
	settings := webrtc.SettingEngine{}
	settings.SetIncludeLoopbackCandidate(true)
	settings.SetIPFilter(func(ip net.IP) bool { return ip.IsLoopback() && ip.To4() != nil })
	api := webrtc.NewAPI(
		webrtc.WithMediaEngine(engine),
		webrtc.WithInterceptorRegistry(registry),
		webrtc.WithSettingEngine(settings),
	)
	return api.NewPeerConnection(webrtc.Configuration{})
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

// post makes the offer and takes the answer; it returns the address of the session (RFC 9725).
func post(connection *webrtc.PeerConnection, whip string) (string, error) {
	offer, err := connection.CreateOffer(nil)
	if err != nil {
		return "", err
	}
	gathered := webrtc.GatheringCompletePromise(connection)
	if err := connection.SetLocalDescription(offer); err != nil {
		return "", err
	}
	<-gathered
	sdp := connection.LocalDescription().SDP
	reply, err := http.Post(whip, "application/sdp", bytes.NewBufferString(sdp))
	if err != nil {
		return "", err
	}
	defer reply.Body.Close()
	answer, err := io.ReadAll(reply.Body)
	if err != nil {
		return "", err
	}
	if reply.StatusCode != http.StatusCreated {
		return "", fmt.Errorf("POST %s: %s %s", whip, reply.Status, answer)
	}
	base, err := url.Parse(whip)
	if err != nil {
		return "", err
	}
	session, err := base.Parse(reply.Header.Get("Location"))
	if err != nil {
		return "", err
	}
	description := webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: string(answer)}
	return session.String(), connection.SetRemoteDescription(description)
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

func end(session string) error {
	request, err := http.NewRequest(http.MethodDelete, session, nil)
	if err != nil {
		return err
	}
	reply, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	reply.Body.Close()
	if reply.StatusCode != http.StatusOK {
		return fmt.Errorf("DELETE %s: %s", session, reply.Status)
	}
	return nil
}
