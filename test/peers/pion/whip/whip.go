// Package whip is the signalling of a publisher (RFC 9725).
package whip

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"

	"github.com/pion/interceptor"
	"github.com/pion/webrtc/v4"
)

// NewConnection makes a connection as pion's own examples set it up.
//
// It has one way to the recorder, over loopback: with more, what lies between could not tell which one is
// in use. The interceptor sees packets below pion's own, and so what these send again.
func NewConnection(tap interceptor.Factory) (*webrtc.PeerConnection, error) {
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

// Post makes the offer and takes the answer; it returns the address of the session.
func Post(connection *webrtc.PeerConnection, whip string) (string, error) {
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

// Delete ends the session.
func Delete(session string) error {
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
