package kernel

import "testing"

// The assembly reads fields by offsets that the generator wrote out.
func TestAssemblyKnowsStructs(t *testing.T) {
	for _, a := range assembled {
		if a.is != a.taken {
			t.Errorf("%s is %d, the assembly has %d", a.name, a.is, a.taken)
		}
	}
}
