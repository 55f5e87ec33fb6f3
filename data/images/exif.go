package images

import (
	"bytes"
	"encoding/binary"
)

const pngMagic = "\x89PNG\r\n\x1a\n"

// upright is the orientation of a picture that is not turned.
const upright = 1

// tagOrientation is the number of the entry in a TIFF directory.
const tagOrientation = 0x0112

// orientation returns the orientation, 1 to 8, that the TIFF structure of EXIF data states in its
// first directory. It is 1 if there is none, or it cannot be read.
func orientation(tiff []byte) int {
	var order binary.ByteOrder
	switch {
	case bytes.HasPrefix(tiff, []byte("II*\x00")):
		order = binary.LittleEndian
	case bytes.HasPrefix(tiff, []byte("MM\x00*")):
		order = binary.BigEndian
	default:
		return upright
	}
	if len(tiff) < 8 {
		return upright
	}
	at := int64(order.Uint32(tiff[4:]))
	if at < 8 || at+2 > int64(len(tiff)) {
		return upright
	}
	entries := tiff[at+2:]
	for range order.Uint16(tiff[at:]) {
		if len(entries) < 12 {
			break
		}
		// Tag, type 3 (16 bits), count 1, value.
		if order.Uint16(entries) == tagOrientation && order.Uint16(entries[2:]) == 3 && order.Uint32(entries[4:]) == 1 {
			if v := int(order.Uint16(entries[8:])); v >= 1 && v <= 8 {
				return v
			}
			break
		}
		entries = entries[12:]
	}
	return upright
}

var exifHeader = []byte("Exif\x00\x00")

// exifOfJPEG returns the EXIF data of the first segment APP1 that has some.
func exifOfJPEG(raw []byte) []byte {
	const app1, startOfScan, endOfImage = 0xe1, 0xda, 0xd9
	for raw = raw[min(2, len(raw)):]; len(raw) >= 4 && raw[0] == 0xff; {
		marker := raw[1]
		if marker == 0xff { // a fill byte
			raw = raw[1:]
			continue
		}
		if marker == 0x01 || marker >= 0xd0 && marker <= 0xd7 { // no contents
			raw = raw[2:]
			continue
		}
		n := int(binary.BigEndian.Uint16(raw[2:])) // with itself
		if marker == startOfScan || marker == endOfImage || n < 2 || n+2 > len(raw) {
			return nil
		}
		if body := raw[4 : n+2]; marker == app1 && bytes.HasPrefix(body, exifHeader) {
			return body[len(exifHeader):]
		}
		raw = raw[n+2:]
	}
	return nil
}

// exifOfPNG returns the contents of the chunk eXIf.
func exifOfPNG(raw []byte) []byte {
	for raw = raw[min(len(pngMagic), len(raw)):]; len(raw) >= 12; {
		n := int64(binary.BigEndian.Uint32(raw))
		if n+12 > int64(len(raw)) {
			return nil
		}
		if string(raw[4:8]) == "eXIf" {
			return raw[8 : 8+n]
		}
		raw = raw[n+12:]
	}
	return nil
}

// exifOfWebP returns the contents of the chunk EXIF, which some programs begin as in a JPEG.
func exifOfWebP(raw []byte) []byte {
	for raw = raw[min(12, len(raw)):]; len(raw) >= 8; {
		n := int64(binary.LittleEndian.Uint32(raw[4:]))
		if n+8 > int64(len(raw)) {
			return nil
		}
		if string(raw[:4]) == "EXIF" {
			return bytes.TrimPrefix(raw[8:8+n], exifHeader)
		}
		raw = raw[min(n+8+n%2, int64(len(raw))):]
	}
	return nil
}
