package kernel

import "sync"

// workspaces keeps what operations need while they run, apart for each element type, so
// that no call allocates.
type workspaces struct{ float32, float64 sync.Pool }

func poolOf[T Float](w *workspaces) *sync.Pool {
	if single[T]() {
		return &w.float32
	}
	return &w.float64
}

// take returns a W for elements T, as it was given back, or a new one.
func take[T Float, W any](from *workspaces) *W {
	w, _ := poolOf[T](from).Get().(*W)
	if w == nil {
		w = new(W)
	}
	return w
}

// give returns a W for elements T to its pool.
func give[T Float, W any](to *workspaces, w *W) { poolOf[T](to).Put(w) }
