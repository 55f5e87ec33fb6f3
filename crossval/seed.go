package crossval

import "encoding/binary"

// JobSeed returns the seed of a job: of one candidate on one fold, where folds are counted
// from 0 over all repeats. It is the FNV-1a hash (64 bit) of the 8 bytes of seed, the bytes
// of name, a zero byte and the 8 bytes of fold, both numbers little-endian, passed through
// the finaliser of SplitMix64 (Steele, Lea & Flood 2014).
func JobSeed(seed uint64, name string, fold int) uint64 {
	var b [8]byte
	h := uint64(14695981039346656037)
	add := func(p []byte) {
		for _, c := range p {
			h = (h ^ uint64(c)) * 1099511628211
		}
	}
	binary.LittleEndian.PutUint64(b[:], seed)
	add(b[:])
	add([]byte(name))
	add([]byte{0})
	binary.LittleEndian.PutUint64(b[:], uint64(fold))
	add(b[:])
	return splitmix64(h)
}

func splitmix64(z uint64) uint64 {
	z += 0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}
