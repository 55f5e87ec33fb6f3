package safetensors

import (
	"encoding/binary"
	"fmt"
	"math"
)

// Storage types, by the names that the format has for them. Values are held in
// float32 or float64 whatever the type: F64, I32, U32, I64 and U64 are read into
// F64, the others into F32, which holds all of their values exactly.
const (
	F64  = "F64"
	F32  = "F32"
	F16  = "F16"  // IEEE 754 binary16
	BF16 = "BF16" // the upper half of a float32
	I8   = "I8"
	U8   = "U8"
	I16  = "I16"
	U16  = "U16"
	I32  = "I32"
	U32  = "U32"
	I64  = "I64"
	U64  = "U64"
	Bool = "BOOL" // 0 and 1
)

// float is a binary floating-point format: bits of the exponent and the mantissa.
type float struct{ exponent, mantissa uint }

// integer is an integer format: its bits, and whether it has negative numbers.
type integer struct {
	bits   uint
	signed bool
}

var (
	binary16 = float{5, 10}
	brain16  = float{8, 7}
	binary32 = float{8, 23}
	binary64 = float{11, 52}

	sizes    = map[string]int64{F64: 8, F32: 4, F16: 2, BF16: 2, I8: 1, U8: 1, I16: 2, U16: 2, I32: 4, U32: 4, I64: 8, U64: 8, Bool: 1}
	floats   = map[string]float{F64: binary64, F32: binary32, F16: binary16, BF16: brain16}
	integers = map[string]integer{
		I8: {8, true}, U8: {8, false}, I16: {16, true}, U16: {16, false}, I32: {32, true}, U32: {32, false},
		I64: {64, true}, U64: {64, false}, Bool: {1, false},
	}
)

// convert returns the bits of a number in another format, rounded to nearest, ties
// to even (IEEE 754, 4.3.1). Too large a number becomes an infinity. A NaN keeps the
// upper bits of its payload that there is room for.
func convert(bits uint64, from, to float) uint64 {
	sign := bits >> (from.exponent + from.mantissa) << (to.exponent + to.mantissa)
	exponent := int(bits >> from.mantissa & (1<<from.exponent - 1))
	mantissa := bits & (1<<from.mantissa - 1)
	infinity := to.infinity()
	if exponent == 1<<from.exponent-1 {
		payload := shift(mantissa, int(from.mantissa)-int(to.mantissa))
		if mantissa != 0 && payload == 0 {
			payload = 1 << (to.mantissa - 1)
		}
		return sign | infinity | payload
	}
	if exponent > 0 {
		mantissa |= 1 << from.mantissa
	} else {
		if mantissa == 0 {
			return sign
		}
		for exponent = 1; mantissa>>from.mantissa == 0; exponent-- { // subnormal
			mantissa <<= 1
		}
	}
	exponent += 1<<(to.exponent-1) - 1<<(from.exponent-1) // from one bias to the other
	drop := int(from.mantissa) - int(to.mantissa)
	if exponent < 1 {
		return sign | round(mantissa, drop+1-exponent)
	}
	// A mantissa that is rounded up to 2 carries into the exponent, as it should.
	return sign | min(uint64(exponent-1)<<to.mantissa+round(mantissa, drop), infinity)
}

func (f float) infinity() uint64 { return (1<<f.exponent - 1) << f.mantissa }

// shift shifts to the right, or to the left where n is negative.
func shift(v uint64, n int) uint64 {
	if n < 0 {
		return v << -n
	}
	return v >> n
}

// round is shift with rounding to nearest, ties to even.
func round(v uint64, n int) uint64 {
	if n <= 0 {
		return v << -n
	}
	if n > 63 {
		return 0
	}
	half, rest := uint64(1)<<(n-1), v&(1<<n-1)
	q := v >> n
	if rest > half || rest == half && q&1 == 1 {
		q++
	}
	return q
}

// encode appends value i of a tensor in a storage type to buf.
func (t *Tensor) encode(buf []byte, i int, dtype string) ([]byte, error) {
	var bits uint64
	if f, ok := floats[dtype]; ok {
		if t.F64 != nil {
			bits = convert(math.Float64bits(t.F64[i]), binary64, f)
		} else { // not through float64, which would make a signalling NaN a quiet one
			bits = convert(uint64(math.Float32bits(t.F32[i])), binary32, f)
		}
		if bits&f.infinity() == f.infinity() && math.Abs(t.at(i)) <= math.MaxFloat64 {
			return buf, fmt.Errorf("value %d is %v, beyond what %s holds", i, t.at(i), dtype)
		}
	} else {
		v, k := t.at(i), integers[dtype]
		low, high := k.limits()
		if v != math.Trunc(v) || v < low || v > high { // true of NaN
			return buf, fmt.Errorf("value %d is %v, which %s does not hold", i, v, dtype)
		}
		if v < 0 {
			bits = uint64(int64(v))
		} else {
			bits = uint64(v)
		}
	}
	var all [8]byte
	binary.LittleEndian.PutUint64(all[:], bits)
	return append(buf, all[:sizes[dtype]]...), nil
}

func (t *Tensor) at(i int) float64 {
	if t.F64 != nil {
		return t.F64[i]
	}
	return float64(t.F32[i])
}

// limits are the least and the greatest value that float64 holds exactly, too.
func (k integer) limits() (low, high float64) {
	bits := k.bits
	if k.signed {
		bits--
		low = -math.Ldexp(1, int(bits))
	}
	if bits > 53 {
		high = math.Ldexp(1, int(bits)) - math.Ldexp(1, int(bits)-53)
		return low, high
	}
	return low, math.Ldexp(1, int(bits)) - 1
}

// decode reads n values of a storage type.
func (t *Tensor) decode(data []byte, n int, dtype string) error {
	size := int(sizes[dtype])
	k, isInteger := integers[dtype]
	if dtype == F64 || isInteger && size >= 4 {
		t.F64 = make([]float64, n)
	} else {
		t.F32 = make([]float32, n)
	}
	switch {
	case dtype == F64:
		for i := range t.F64 {
			t.F64[i] = math.Float64frombits(binary.LittleEndian.Uint64(data[8*i:]))
		}
	case dtype == F32:
		for i := range t.F32 {
			t.F32[i] = math.Float32frombits(binary.LittleEndian.Uint32(data[4*i:]))
		}
	case isInteger:
		for i := range n {
			var bits [8]byte
			copy(bits[:], data[i*size:(i+1)*size])
			v, err := k.value(binary.LittleEndian.Uint64(bits[:]))
			if err != nil {
				return fmt.Errorf("value %d: %w", i, err)
			}
			if t.F64 != nil {
				t.F64[i] = v
			} else {
				t.F32[i] = float32(v)
			}
		}
	default:
		f := floats[dtype]
		for i := range t.F32 {
			t.F32[i] = math.Float32frombits(uint32(convert(uint64(binary.LittleEndian.Uint16(data[2*i:])), f, binary32)))
		}
	}
	return nil
}

// value returns an integer as a float64, and an error where it is none exactly.
func (k integer) value(bits uint64) (float64, error) {
	if !k.signed {
		if k.bits < 64 && bits>>k.bits != 0 {
			return 0, fmt.Errorf("the byte %d is no boolean", bits)
		}
		v := float64(bits)
		if v == 1<<64 || uint64(v) != bits {
			return 0, fmt.Errorf("float64 does not hold %d", bits)
		}
		return v, nil
	}
	i := int64(bits<<(64-k.bits)) >> (64 - k.bits)
	v := float64(i)
	if v == 1<<63 || int64(v) != i {
		return 0, fmt.Errorf("float64 does not hold %d", i)
	}
	return v, nil
}
