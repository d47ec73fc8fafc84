// Package clip reads what publishers send.
package clip

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/pion/webrtc/v4/pkg/media/h264reader"
)

// ReadPictures reads an Annex B file with one slice a picture: a picture is whole with its slice.
func ReadPictures(path string) ([][]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	reader, err := h264reader.NewReader(file)
	if err != nil {
		return nil, err
	}
	var pictures [][]byte
	var picture []byte
	for {
		nal, err := reader.NextNAL()
		if errors.Is(err, io.EOF) {
			return pictures, nil
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		picture = append(append(picture, 0, 0, 0, 1), nal.Data...)
		switch nal.UnitType {
		case h264reader.NalUnitTypeCodedSliceIdr, h264reader.NalUnitTypeCodedSliceNonIdr:
			pictures = append(pictures, picture)
			picture = nil
		}
	}
}

// ReadOpus reads the packets of an Ogg file (RFC 3533, section 6) without its two headers. Pion's own
// reader hands out whole pages, which hold many packets.
func ReadOpus(path string) ([][]byte, error) {
	file, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	const pageHeader = 27
	var packets [][]byte
	var packet []byte
	for len(file) > 0 {
		if len(file) < pageHeader || !bytes.HasPrefix(file, []byte("OggS")) {
			return nil, fmt.Errorf("%s: no Ogg page", path)
		}
		lacing := file[pageHeader : pageHeader+int(file[pageHeader-1])]
		file = file[pageHeader+len(lacing):]
		for _, length := range lacing {
			packet = append(packet, file[:length]...)
			file = file[length:]
			if length < 255 {
				packets = append(packets, packet)
				packet = nil
			}
		}
	}
	if len(packets) < 3 {
		return nil, fmt.Errorf("%s: no Opus packets", path)
	}
	return packets[2:], nil
}
