package kernel

import "math"

// A noise stream is random access: number i needs none of those before. The numbers are
// SplitMix64's (Steele, Lea & Flood 2014, "Fast splittable pseudorandom number
// generators"), started from a key and a step.
const golden = 0x9e3779b97f4a7c15

// StreamAt returns the start of the stream of a key at a step.
func StreamAt(key uint64, step int) uint64 { return mix(key + mix(uint64(step)+golden)) }

func mix(z uint64) uint64 {
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// unit returns number i of the stream, uniform in [0, 1) with 53 bits.
func unit(stream uint64, i int) float64 {
	return float64(mix(stream+uint64(i+1)*golden)>>11) * 0x1p-53
}

// Dropout sets dst[i] to x[i]/(1−rate) with probability 1−rate, else to 0.
// dst may be x.
func Dropout[T Float](dst, x []T, rate float64, stream uint64) {
	if len(x) < longMath {
		dropout(dst, x, rate, stream, 0)
		return
	}
	s := getSpans[T](spanDropout)
	s.alpha, s.stream, s.dst, s.a = rate, stream, dst, x
	s.do(len(x))
}

// dropout is Dropout for the elements starting at first.
func dropout[T Float](dst, x []T, rate float64, stream uint64, first int) {
	keep := T(1 / (1 - rate))
	dst = dst[:len(x)]
	if zeroed(dst, x, keep, rate, stream, first) {
		return
	}
	limit := below53(rate)
	for i, v := range x {
		if mix(stream+uint64(first+i+1)*golden) < limit {
			dst[i] = 0
		} else {
			dst[i] = v * keep
		}
	}
}

// below53 returns the bound on a number of the stream that corresponds to unit < p.
func below53(p float64) uint64 { return uint64(math.Ceil(p*0x1p53)) << 11 }

// zeroed sets dst to x times keep, or to 0 with probability rate, in vector
// registers if it can.
func zeroed[T Float](dst, x []T, keep T, rate float64, stream uint64, first int) bool {
	return len(x) > 0 && dropoutVector(dst, x, len(x), float32(keep), below53(rate), stream+uint64(first)*golden)
}

// Uniform fills dst with numbers from [0, 1).
func Uniform[T Float](dst []T, stream uint64) { noise(spanUniform, dst, 0, stream) }

// Normal fills dst with standard normal numbers (Box & Muller 1958).
func Normal[T Float](dst []T, stream uint64) { noise(spanNormal, dst, 0, stream) }

// Bernoulli fills dst with 1 with probability p, else 0.
func Bernoulli[T Float](dst []T, p float64, stream uint64) { noise(spanBernoulli, dst, p, stream) }

func noise[T Float](kind spanKind, dst []T, p float64, stream uint64) {
	s := getSpans[T](kind)
	s.alpha, s.stream, s.dst = p, stream, dst
	s.do(len(dst))
}

// The following fill the elements starting at first.

func uniformNoise[T Float](dst []T, stream uint64, first int) {
	for i := range dst {
		dst[i] = T(unit(stream, first+i))
		if dst[i] == 1 { // rounded up in float32
			dst[i] = 1 - 0x1p-24
		}
	}
}

func normalNoise[T Float](dst []T, stream uint64, first int) {
	for i := range dst {
		r := math.Sqrt(-2 * math.Log(1-unit(stream, 2*(first+i))))
		dst[i] = T(r * math.Cos(2*math.Pi*unit(stream, 2*(first+i)+1)))
	}
}

func bernoulliNoise[T Float](dst []T, p float64, stream uint64, first int) {
	Fill(dst, 1)
	if p >= 1 || p >= 0 && zeroed(dst, dst, 1, p, stream, first) {
		if p < 1 {
			axpb(dst, -1, dst, 1)
		}
		return
	}
	for i := range dst {
		dst[i] = truth[T](unit(stream, first+i) < p)
	}
}
