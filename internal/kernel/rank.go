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

// RankLook copies the vectors of a user and two items, and returns the product of the user's with the second item's less that with
// the first's, Σ u·(j − i), summed in float64.
func RankLook[T Float](toU, toI, toJ, u, i, j []T) float64 {
	toI, toJ, u, i, j = toI[:len(toU)], toJ[:len(toU)], u[:len(toU)], i[:len(toU)], j[:len(toU)]
	sum, done := rankLookVector(toU, toI, toJ, u, i, j)
	for k := done; k < len(toU); k++ {
		toU[k], toI[k], toJ[k] = u[k], i[k], j[k]
		sum += float64(u[k]) * (float64(j[k]) - float64(i[k]))
	}
	return sum
}

// PrefetchRow asks for row r of x, with w elements each, before it is needed.
func PrefetchRow[T Float](x []T, r, w int) { prefetchRow(x, r, w) }
