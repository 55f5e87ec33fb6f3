package optim

import (
	"fmt"
	"math"
)

// Schedule gives the factor that the learning rate is multiplied by. epoch is
// the number of epochs done, with its fraction; epochs is how many are planned.
type Schedule interface {
	Factor(epoch, epochs float64) float64
}

// ScheduleFunc makes a function a Schedule.
type ScheduleFunc func(epoch, epochs float64) float64

// Factor calls f. nil leaves the learning rate as it is.
func (f ScheduleFunc) Factor(epoch, epochs float64) float64 {
	if f == nil {
		return 1
	}
	return f(epoch, epochs)
}

// Constant leaves the learning rate as it is.
type Constant struct{}

// Factor implements Schedule.
func (Constant) Factor(_, _ float64) float64 { return 1 }

// Step multiplies the rate by Gamma after every Every epochs.
type Step struct {
	Every float64 // epochs; 0: 10
	Gamma float64 // 0: 0.1
}

// Factor implements Schedule.
func (s Step) Factor(epoch, _ float64) float64 {
	return math.Pow(orDefault(s.Gamma, 0.1), periods(epoch/orDefault(s.Every, 10)))
}

// Exponential multiplies the rate by Gamma every epoch, evenly over its steps.
type Exponential struct{ Gamma float64 } // 0: 0.95

// Factor implements Schedule.
func (s Exponential) Factor(epoch, _ float64) float64 {
	return math.Pow(orDefault(s.Gamma, 0.95), epoch)
}

// CosineDecay goes from 1 to Floor along half a cosine,
// Floor + (1−Floor)·(1 + cos(π·t/T))/2. With Period it restarts after every
// period, which grows by Growth each time; without, T is all planned epochs.
// Loshchilov & Hutter (2016), arXiv:1608.03983, eq. 5.
type CosineDecay struct {
	Floor  float64 // factor at the end
	Period float64 // epochs of the first period; 0: one period of all epochs
	Growth float64 // 0: 1
}

// Factor implements Schedule.
func (s CosineDecay) Factor(epoch, epochs float64) float64 {
	share := epoch / math.Max(epochs, 1)
	if s.Period > 0 {
		share = s.share(epoch / s.Period)
	}
	if !(share < 1) { // the end; also of an infinite number of epochs
		return s.Floor
	}
	return s.Floor + (1-s.Floor)*(1+math.Cos(math.Pi*share))/2
}

// share returns how much of its period is over after t first periods: in [0, 1),
// or NaN of what is not finite. With growth g, n periods have taken
// (gⁿ − 1)/(g − 1) first ones.
func (s CosineDecay) share(t float64) float64 {
	g := math.Max(orDefault(s.Growth, 1), 1)
	if g == 1 {
		return math.Max(t-periods(t), 0)
	}
	n := periods(math.Log1p(t*(g-1)) / math.Log(g))
	length := math.Pow(g, n)
	return math.Max((t-(length-1)/(g-1))/length, 0)
}

// periods returns the number of whole periods in t. An epoch such as 0.3 is not
// exactly three periods of 0.1: what rounding has taken from a whole number is
// given back.
func periods(t float64) float64 { return math.Floor(t + 1e-9*math.Max(math.Abs(t), 1)) }

// CosineLog goes from 0 to 1 and back to 0 in Cycles cycles, each twice as long as
// the one before: (1 − cos(2π·log₂(1 + (2^Cycles − 1)·t)))/2, t being the share of
// the epochs done. With 4 it is "coslog4" of Holzmüller et al. (2024),
// arXiv:2407.04491, section 3.
type CosineLog struct{ Cycles int } // 0: 4

// Factor implements Schedule.
func (s CosineLog) Factor(epoch, epochs float64) float64 {
	cycles := orDefault(float64(s.Cycles), 4)
	t := math.Min(math.Max(epoch/math.Max(epochs, 1), 0), 1)
	return (1 - math.Cos(2*math.Pi*math.Log2(1+(math.Exp2(math.Min(math.Max(cycles, 1), 50))-1)*t))) / 2
}

// FlatCosine is 1 for the first Flat of all epochs, then goes to 0 along half a
// cosine.
type FlatCosine struct{ Flat float64 } // share of the epochs; 0: 0.5

// Factor implements Schedule.
func (s FlatCosine) Factor(epoch, epochs float64) float64 {
	flat := math.Min(math.Max(orDefault(s.Flat, 0.5), 0), 1)
	t := math.Min(math.Max(epoch/math.Max(epochs, 1), 0), 1)
	if t <= flat {
		return 1
	}
	return (1 + math.Cos(math.Pi*(t-flat)/(1-flat))) / 2
}

// WarmUp raises the rate linearly from From over the first Epochs epochs, then
// follows After, which counts from there.
type WarmUp struct {
	Epochs float64  // 0: 5
	From   float64  // first factor
	After  Schedule // nil: Constant
}

// Factor implements Schedule.
func (s WarmUp) Factor(epoch, epochs float64) float64 {
	n := orDefault(s.Epochs, 5)
	if epoch < n {
		return s.From + (1-s.From)*epoch/n
	}
	if s.After == nil {
		return 1
	}
	return s.After.Factor(epoch-n, epochs-n)
}

// OneCycle goes from 1/Start up to 1 in the first Rise of all epochs and down
// to 1/(Start·End) in the rest, along half cosines, as PyTorch's OneCycleLR.
// Smith & Topin (2017), arXiv:1708.07120.
type OneCycle struct {
	Rise  float64 // share of the epochs; 0: 0.3
	Start float64 // 0: 25
	End   float64 // 0: 1e4
}

// Factor implements Schedule.
func (s OneCycle) Factor(epoch, epochs float64) float64 {
	start := 1 / orDefault(s.Start, 25)
	end := start / orDefault(s.End, 1e4)
	top := orDefault(s.Rise, 0.3) * epochs
	cos := func(from, to, share float64) float64 { return to + (from-to)*(1+math.Cos(math.Pi*share))/2 }
	if epoch < top {
		return cos(start, 1, epoch/top)
	}
	return cos(1, end, math.Min((epoch-top)/math.Max(epochs-top, 1e-12), 1))
}

// Plateau lowers the learning rate when a score no longer falls. It is not a
// Schedule, as it needs the score: train.ReduceOnPlateau calls it every epoch.
type Plateau struct {
	Factor   float64 // 0: 0.1
	Patience int     // epochs without a better score that are borne; 0: 10
	MinDelta float64 // a score is better if it is lower by more than this
	Floor    float64 // smallest factor
}

// PlateauState is how far a Plateau has come.
type PlateauState struct {
	Best   float64
	Bad    int
	Factor float64
	Begun  bool
}

// Check notes a wrong number.
func (p Plateau) Check() error {
	if f := orDefault(p.Factor, 0.1); !(f > 0 && f < 1) {
		return fmt.Errorf("optim: plateau: factor %v is not in (0, 1)", f)
	}
	if p.Patience < 0 || p.MinDelta < 0 || p.Floor < 0 {
		return fmt.Errorf("optim: plateau: patience %d, min delta %v and floor %v must not be negative", p.Patience, p.MinDelta, p.Floor)
	}
	return nil
}

// Next returns the state after one more score, the smaller the better.
func (p Plateau) Next(s PlateauState, score float64) PlateauState {
	if !s.Begun {
		return PlateauState{Best: score, Factor: 1, Begun: true}
	}
	if score < s.Best-p.MinDelta {
		s.Best, s.Bad = score, 0
		return s
	}
	s.Bad++
	patience := p.Patience
	if patience == 0 {
		patience = 10
	}
	if s.Bad > patience {
		s.Factor, s.Bad = math.Max(s.Factor*orDefault(p.Factor, 0.1), p.Floor), 0
	}
	return s
}
