package kernel

// RankStep is the constants of a step of RankPair, in the layout of the assembly.
type RankStep[T Float] struct {
	Slope  T
	Back   T // −Slope
	Shrink T // at most 0
}

// RankPair adds a step to the vectors of a user, an item that it has and one that it does not have, which is computed from
// the vectors u, i and j before: user += Slope·(i − j) + Shrink·u, has += Slope·u + Shrink·i, not += Back·u + Shrink·j.
// All six are apart.
func RankPair[T Float](s *RankStep[T], user, has, not, u, i, j []T) {
	has, not, u, i, j = has[:len(user)], not[:len(user)], u[:len(user)], i[:len(user)], j[:len(user)]
	for k := rankVector(user, has, not, u, i, j, s); k < len(user); k++ {
		user[k] += s.Slope*i[k] + s.Back*j[k] + s.Shrink*u[k]
		has[k] += s.Slope*u[k] + s.Shrink*i[k]
		not[k] += s.Back*u[k] + s.Shrink*j[k]
	}
}

// PrefetchRow asks for row r of x, with w elements each, before it is needed.
func PrefetchRow[T Float](x []T, r, w int) { prefetchRow(x, r, w) }
