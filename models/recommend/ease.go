package recommend

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/internal/builtin"
	"github.com/seed732fc211/aegis/internal/kernel"
	"gonum.org/v1/gonum/mat"
)

// EASE is the linear autoencoder whose weights have a closed form: Steck (2019), "Embarrassingly shallow
// autoencoders for sparse data", arXiv:1905.03375. With X of 0 and 1, (users, items), the weights B minimise
//
//	‖X − X·B‖² + Lambda·‖B‖² with diag B = 0: Bᵢⱼ = −Pᵢⱼ/Pⱼⱼ, P = (XᵀX + Lambda·I)⁻¹
//
// and the score of item j is Σ Bᵢⱼ over the items i of the user. Weights of interactions do not count. A user that was not trained
// on is scored by its items as well.
//
// The solution is dense: time grows with the third power of the number of items, memory, 20 bytes times
// their square while fitting, with the second. More than MaxItems are an error with the cause ErrTooLarge.
type EASE struct {
	Lambda   float64 // 0: 250
	MaxItems int     // 0: 8000
}

// Fit implements Learner.
func (m EASE) Fit(ctx context.Context, seen *data.Histories, _ uint64) (Scorer, error) {
	if err := begin(ctx, "ease", seen); err != nil {
		return nil, err
	}
	if m.Lambda == 0 {
		m.Lambda = 250
	}
	if m.MaxItems == 0 {
		m.MaxItems = 8000
	}
	n := seen.Items
	switch {
	case !(m.Lambda > 0) || math.IsInf(m.Lambda, 0):
		return nil, fmt.Errorf("recommend: ease: lambda %v: want a number above 0, or 0 for 250", m.Lambda)
	case m.MaxItems < 1 || m.MaxItems > mostDense:
		return nil, fmt.Errorf("recommend: ease: at most %d items: want 1 to %d, or 0 for 8000", m.MaxItems, mostDense)
	case n > m.MaxItems:
		return nil, fmt.Errorf("%w: ease of %d items: want at most %d", ErrTooLarge, n, m.MaxItems)
	}
	g := mat.NewSymDense(n, nil)
	for u := range seen.Users() {
		items, _ := seen.Of(u)
		for _, i := range items {
			for _, j := range items {
				if i <= j {
					g.SetSym(i, j, g.At(i, j)+1)
				}
			}
		}
	}
	for i := range n {
		g.SetSym(i, i, g.At(i, i)+m.Lambda)
	}
	var c mat.Cholesky
	if !c.Factorize(g) {
		return nil, errors.New("recommend: ease: the matrix is not positive definite: want a greater lambda")
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := c.InverseTo(g); err != nil {
		return nil, fmt.Errorf("recommend: ease: %w", err)
	}
	x := &dense{trained: seen.Users(), items: n, weights: make([]float32, n*n)}
	for i := range n {
		for j := range n {
			if i != j {
				x.weights[i*n+j] = float32(-g.At(i, j) / g.At(j, j))
			}
		}
	}
	return x, ctx.Err()
}

// ErrTooLarge is the cause of errors about a catalogue that is too large for a model.
var ErrTooLarge = errors.New("recommend: the catalogue is too large")

// mostDense bounds the items of a dense model, so that its weights fit a 32-bit int.
const mostDense = 40_000

// dense is a fitted EASE: weights (items, items).
type dense struct {
	trained, items int
	weights        []float32
}

// Scores implements Scorer.
func (x *dense) Scores(users []User, scores []float32) error {
	n := x.items
	if err := checkUsers("ease", users, scores, x.trained, n); err != nil {
		return err
	}
	clear(scores)
	for k, u := range users {
		for _, i := range u.Items {
			kernel.Axpy(1, x.weights[i*n:(i+1)*n], scores[k*n:(k+1)*n])
		}
	}
	return nil
}

func init() { builtin.Register(EASE{}) }
