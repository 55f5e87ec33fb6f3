package kernel

import "math"

// AdamStep is the constants of an Adam update, in the layout of the assembly.
type AdamStep[T Float] struct {
	Beta1, Rest1 T // β1 and 1 − β1
	Beta2, Rest2 T
	Epsilon      T
	L2           T // is added to the gradient times the weight
	Keep         T // of the weight; 1 without decay
	Size         T // of the step along m, with bias correction
	Direct       T // of the gradient itself in the step, for Nesterov's momentum
	Root         T // corrects √v for its bias
}

// Adam updates the weights w and the moments m and v by the gradient g:
// w ← Keep·w, g ← g + L2·w, m ← β1·m + (1−β1)·g, v ← β2·v + (1−β2)·g²,
// w ← w − (Size·m + Direct·g)/(Root·√v + ε).
func Adam[T Float](s *AdamStep[T], w, m, v, g []T) {
	m, v, g = m[:len(w)], v[:len(w)], g[:len(w)]
	for i := adamVector(w, m, v, g, s); i < len(w); i++ {
		x := w[i] * s.Keep
		d := g[i] + s.L2*x
		m[i] = s.Beta1*m[i] + s.Rest1*d
		v[i] = s.Beta2*v[i] + s.Rest2*d*d
		w[i] = x - (s.Size*m[i]+s.Direct*d)/(sqrt(v[i])*s.Root+s.Epsilon)
	}
}

// DescentStep is the constants of a gradient descent step, in the layout of the assembly.
type DescentStep[T Float] struct {
	Keep T // of the weight; 1 without decay
	Rate T
}

// Descent updates the weights w by the gradient g: w ← Keep·w − Rate·g.
func Descent[T Float](s *DescentStep[T], w, g []T) {
	g = g[:len(w)]
	for i := descentVector(w, g, s); i < len(w); i++ {
		w[i] = s.Keep*w[i] - s.Rate*g[i]
	}
}

// MomentumStep is the constants of a momentum update, in the layout of the assembly.
type MomentumStep[T Float] struct {
	Momentum T
	Decay    T // is added to the gradient times the weight
	Rate     T
	Gradient T // weight of the gradient in the step
	Velocity T // weight of the velocity
}

// Momentum updates the weights w and the velocity v by the gradient g:
// g ← g + Decay·w, v ← Momentum·v + g, w ← w − Rate·(Gradient·g + Velocity·v).
func Momentum[T Float](s *MomentumStep[T], w, v, g []T) {
	v, g = v[:len(w)], g[:len(w)]
	for i := momentumVector(w, v, g, s); i < len(w); i++ {
		d := g[i] + s.Decay*w[i]
		v[i] = s.Momentum*v[i] + d
		w[i] -= s.Rate * (s.Gradient*d + s.Velocity*v[i])
	}
}

// RootStep is the constants of an RMSprop or Adagrad update, in the layout of the assembly.
type RootStep[T Float] struct {
	L2         T // is added to the gradient times the weight
	Keep, Rest T // of the squares so far, and of the new one
	Epsilon    T
	Rate       T
	Momentum   T
}

// Root updates the weights w, the squares v and the velocity by the gradient g:
// g ← g + L2·w, v ← Keep·v + Rest·g², velocity ← Momentum·velocity + g/(√v + ε),
// w ← w − Rate·velocity. A nil velocity stands for g/(√v + ε).
func Root[T Float](s *RootStep[T], w, v, velocity, g []T) {
	v, g = v[:len(w)], g[:len(w)]
	done := 0
	if velocity != nil {
		velocity = velocity[:len(w)]
		done = rootMomentumVector(w, v, g, velocity, s)
	} else {
		done = rootVector(w, v, g, s)
	}
	for i := done; i < len(w); i++ {
		d := g[i] + s.L2*w[i]
		v[i] = s.Keep*v[i] + s.Rest*d*d
		d /= sqrt(v[i]) + s.Epsilon
		if velocity != nil {
			velocity[i] = s.Momentum*velocity[i] + d
			d = velocity[i]
		}
		w[i] -= s.Rate * d
	}
}

// LionStep are the constants of an update by Lion, in the order that the assembly
// knows.
type LionStep[T Float] struct {
	Beta1, Rest1 T // β1 and 1 − β1
	Beta2, Rest2 T
	Keep         T // of the weight; 1 without decay
	Rate         T
}

// Lion updates the weights w and the momentum m by the gradient g:
// w ← Keep·w − Rate·sign(β1·m + (1−β1)·g), m ← β2·m + (1−β2)·g.
func Lion[T Float](s *LionStep[T], w, m, g []T) {
	m, g = m[:len(w)], g[:len(w)]
	for i := lionVector(w, m, g, s); i < len(w); i++ {
		move := T(0)
		if c := s.Beta1*m[i] + s.Rest1*g[i]; c != 0 && c == c {
			move = T(math.Copysign(float64(s.Rate), float64(c))) // signs cannot be guessed
		}
		w[i] = w[i]*s.Keep - move
		m[i] = s.Beta2*m[i] + s.Rest2*g[i]
	}
}

func sqrt[T Float](x T) T { return T(math.Sqrt(float64(x))) }
