package main

import (
	"encoding/binary"
	"strings"
	"sync"

	"github.com/pion/interceptor"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"
)

// sent is what one track sent, and what was said of it.
type sent struct {
	Ssrc uint32 `json:"ssrc"`
	// Sequence number of the first packet.
	First uint16 `json:"first"`
	// Pictures, or packets of sound.
	Samples int `json:"samples"`
	// Packets, each counted once.
	Packets int `json:"packets"`
	// Packets that were asked for again, each counted once.
	Nacked int `json:"nacked"`
	// Packets that were sent again, each counted once.
	Resent int `json:"resent"`
	// Keyframes that were asked for.
	Plis int `json:"plis"`
	// Messages of transport-wide congestion control.
	Twcc int `json:"twcc"`

	mutex    sync.Mutex
	original map[uint16]bool
	nacked   map[uint16]bool
	resent   map[uint16]bool
}

func newSent() *sent {
	return &sent{original: map[uint16]bool{}, nacked: map[uint16]bool{}, resent: map[uint16]bool{}}
}

func (s *sent) packet(sequenceNumber uint16, again bool) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if len(s.original) == 0 {
		s.First = sequenceNumber
	}
	if again || s.original[sequenceNumber] {
		s.resent[sequenceNumber] = true
	}
	s.original[sequenceNumber] = true
}

func (s *sent) feedback(packets []rtcp.Packet) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	for _, packet := range packets {
		switch packet := packet.(type) {
		case *rtcp.TransportLayerNack:
			for _, pair := range packet.Nacks {
				for _, number := range pair.PacketList() {
					s.nacked[number] = true
				}
			}
		case *rtcp.PictureLossIndication:
			s.Plis++
		case *rtcp.TransportLayerCC:
			s.Twcc++
		}
	}
}

func (s *sent) sum() {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.Packets, s.Nacked, s.Resent = len(s.original), len(s.nacked), len(s.resent)
}

// wireTap counts packets below pion's own interceptors, so that it sees what these send again. It is
// its own factory: there is one connection.
type wireTap struct {
	interceptor.NoOp
	video, audio *sent
}

func (w *wireTap) NewInterceptor(string) (interceptor.Interceptor, error) { return w, nil }

func (w *wireTap) BindLocalStream(
	info *interceptor.StreamInfo, writer interceptor.RTPWriter,
) interceptor.RTPWriter {
	track := w.audio
	if strings.HasPrefix(info.MimeType, "video/") {
		track = w.video
	}
	track.Ssrc = info.SSRC
	write := func(header *rtp.Header, payload []byte, attributes interceptor.Attributes) (int, error) {
		if header.SSRC == info.SSRC {
			track.packet(header.SequenceNumber, false)
		} else if len(payload) >= 2 {
			// RFC 4588, section 4: the number of the original packet comes first.
			track.packet(binary.BigEndian.Uint16(payload), true)
		}
		return writer.Write(header, payload, attributes)
	}
	return interceptor.RTPWriterFunc(write)
}
