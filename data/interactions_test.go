package data_test

import (
	"errors"
	"fmt"
	"log"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/seed732fc211/aegis/data"
)

// interactions returns rows "user item time", of which the time may be missing.
func interactions(t *testing.T, rows ...string) *data.Interactions {
	t.Helper()
	var users, items []string
	var times []float64
	for _, r := range rows {
		f := strings.Fields(r)
		users, items = append(users, f[0]), append(items, f[1])
		if len(f) == 3 {
			var v float64
			if _, err := fmt.Sscan(f[2], &v); err != nil {
				t.Fatal(err)
			}
			times = append(times, v)
		}
	}
	x, err := data.NewInteractions("test", users, items, times, nil)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// pairsOf lists rows as user and item.
func pairsOf(x *data.Interactions) (out []string) {
	for i, u := range x.User {
		out = append(out, x.Users[u]+" "+x.Items[x.Item[i]])
	}
	return out
}

// relevant lists held-out pairs.
func relevant(s *data.InteractionSplit) (out []string) {
	for u, items := range s.Relevant {
		for _, v := range items {
			out = append(out, s.Train.Users[u]+" "+s.Train.Items[v])
		}
	}
	return out
}

func TestInteractionsOfColumns(t *testing.T) {
	set, _, err := data.CSV{NoTarget: true, Types: map[string]data.ColumnType{"who": data.Text, "what": data.Text, "when": data.Text, "times": data.Text}}.Read(strings.NewReader(
		"who,what,when,times\nbob,tea,2024-03-02,2\n7,ham,2024-03-01,1\nbob,ham,2023-12-31,1.5\nbob,tea,2024-03-03,1\n"), "shop")
	if err != nil {
		t.Fatal(err)
	}
	x, err := data.InteractionColumns{User: "who", Item: "what", Time: "when", Weight: "times"}.Read(set)
	if err != nil {
		t.Fatal(err)
	}
	want := &data.Interactions{
		Name: "shop", Source: set.Source, Users: []string{"7", "bob"}, Items: []string{"ham", "tea"}, User: []int{1, 0, 1, 1}, Item: []int{1, 0, 0, 1},
		Time: []float64{1709337600, 1709251200, 1703980800, 1709424000}, Weight: []float64{2, 1, 1.5, 1},
	}
	if !reflect.DeepEqual(x, want) {
		t.Errorf("read %+v, want %+v", x, want)
	}
	h, err := x.Histories()
	if err != nil || h.Check() != nil {
		t.Fatal(err, h.Check())
	}
	if want := (&data.Histories{Items: 2, Start: []int{0, 1, 3}, Item: []int{0, 0, 1}, Weight: []float64{1, 1.5, 3}}); !reflect.DeepEqual(h, want) {
		t.Errorf("histories %+v, want %+v", h, want)
	}
	back, err := h.Transpose()
	if err != nil || back.Check() != nil {
		t.Fatal(err, back.Check())
	}
	if want := (&data.Histories{Items: 2, Start: []int{0, 2, 3}, Item: []int{0, 1, 1}, Weight: []float64{1, 1.5, 3}}); !reflect.DeepEqual(back, want) {
		t.Errorf("transposed %+v, want %+v", back, want)
	}
	if c, err := x.Counts(); err != nil || c.String() != "3 pairs of 2 users and 2 items (75% of all); 1 rows repeat a pair" {
		t.Errorf("%v, %v", c, err)
	}
}

func TestInteractionMistakes(t *testing.T) {
	set := &data.Set{Name: "s", Texts: []data.TextColumn{
		{Name: "u", Cells: []string{"a", "b"}}, {Name: "i", Cells: []string{"x", "y"}}, {Name: "gap", Cells: []string{"x", ""}},
		{Name: "bad", Cells: []string{"1", "one"}}, {Name: "both", Cells: []string{"01/02/2024", "03/04/2024"}}, {Name: "zero", Cells: []string{"1", "0"}},
		{Name: "mixed", Cells: []string{"2024-01-01", "01.01.2024"}},
	}}
	read := func(c data.InteractionColumns) error { _, err := c.Read(set); return err }
	good := interactions(t, "a x", "b y")
	for _, c := range []struct {
		want string
		row  int // -1: none
		err  error
	}{
		{`no column "w" of texts for the users`, -1, read(data.InteractionColumns{User: "w", Item: "i"})},
		{`no column "" of texts for the items`, -1, read(data.InteractionColumns{User: "u"})},
		{"the item is empty", 1, read(data.InteractionColumns{User: "u", Item: "gap"})},
		{`"one" is not a finite number`, 1, read(data.InteractionColumns{User: "u", Item: "i", Time: "bad"})},
		{`"01.01.2024" is neither a number nor a time`, 1, read(data.InteractionColumns{User: "u", Item: "i", Time: "mixed"})},
		{"can be read as", -1, read(data.InteractionColumns{User: "u", Item: "i", Time: "both"})},
		{`"one" is not a finite number`, 1, read(data.InteractionColumns{User: "u", Item: "i", Weight: "bad"})},
		{"a weight of 0", 1, read(data.InteractionColumns{User: "u", Item: "i", Weight: "zero"})},
		{"no rows", -1, func() error { _, err := data.NewInteractions("", nil, nil, nil, nil); return err }()},
		{"2 users and 1 items", -1, func() error {
			_, err := data.NewInteractions("", []string{"a", "b"}, []string{"a"}, nil, nil)
			return err
		}()},
		{"1 times", -1, func() error {
			_, err := data.NewInteractions("", []string{"a", "b"}, []string{"a", "b"}, []float64{1}, nil)
			return err
		}()},
		{"the time is NaN", 0, func() error {
			_, err := data.NewInteractions("", []string{"a"}, []string{"a"}, []float64{math.NaN()}, nil)
			return err
		}()},
		{"user 3 of 1", 0, func() error {
			_, err := (&data.Interactions{Users: []string{"a"}, Items: []string{"a"}, User: []int{3}, Item: []int{0}}).Histories()
			return err
		}()},
		{"needs times", -1, func() error { _, err := data.LeaveLast{}.Split(good, 1); return err }()},
		{"needs times", -1, func() error { _, err := data.SplitByTime{}.Split(good, 1); return err }()},
		{"share of 1 held out", -1, func() error { _, err := data.RandomShare{Share: 1}.Split(good, 1); return err }()},
		{"leaves 2 rows to train and no pair", -1, func() error { _, err := data.RandomShare{}.Split(good, 1); return err }()},
		{"of at least -1", -1, func() error { _, err := data.RandomShare{Least: -1}.Split(good, 1); return err }()},
		{"nothing is left of users with at least 2 items", -1, func() error { _, _, err := good.Core(2, 2); return err }()},
		{"users of -1 items", -1, func() error { _, _, err := good.Core(-1, 2); return err }()},
		{"no rows", -1, func() error { _, err := (*data.Interactions)(nil).Counts(); return err }()},
		{"item 5 of 2", -1, (&data.Histories{Items: 2, Start: []int{0, 1}, Item: []int{5}, Weight: []float64{1}}).Check()},
		{"different items", -1, (&data.Histories{Items: 2, Start: []int{0, 2}, Item: []int{1, 1}, Weight: []float64{1, 1}}).Check()},
		{"pairs from 0 to 3", -1, (&data.Histories{Items: 2, Start: []int{0, 3}, Item: []int{1, 1}, Weight: []float64{1, 1}}).Check()},
	} {
		if c.err == nil || !strings.Contains(c.err.Error(), c.want) {
			t.Errorf("%v, want %q", c.err, c.want)
		}
		var row *data.RowError
		if got := errors.As(c.err, &row); got != (c.row >= 0) || got && row.Row != c.row {
			t.Errorf("%v: want row %d", c.err, c.row)
		}
	}
}

// TestCore: one round leaves a chain that the next ones take apart.
func TestCore(t *testing.T) {
	x := interactions(t, "a x", "a y", "b x", "b y", "c y", "c z", "d z", "a x", "e x")
	got, r, err := x.Core(2, 2)
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"a x", "a y", "b x", "b y", "a x"}; !slices.Equal(pairsOf(got), want) {
		t.Errorf("stays %v, want %v", pairsOf(got), want)
	}
	if r.Rows != 4 || r.Users != 3 || r.Items != 1 || r.Rounds < 3 {
		t.Errorf("%+v", r)
	}
	again, r, err := got.Core(2, 2)
	if err != nil || r.Rows != 0 || !reflect.DeepEqual(again, got) {
		t.Errorf("a core is not its own core: %+v, %v", r, err)
	}
	if whole, r, err := x.Core(0, 0); err != nil || r.Rows != 0 || !reflect.DeepEqual(whole, x) {
		t.Errorf("a core of nothing: %+v, %v", r, err)
	}
}

func TestLeaveLast(t *testing.T) {
	x := interactions(t,
		"a x 3", "a y 1", "a z 2", "a y 9", // x is new last; y at 9 is later
		"b z 5", "b x 5", // a tie: the later row
		"c y 1",                   // one item
		"d x 1", "d x 2", "d x 3", // one item, again and again
		"e w 7", "e y 1", "e w 2", // w at 7 is later than its first time
		"f y 1", "f q 2") // nobody else has q
	s, err := data.LeaveLast{}.Split(x, 0)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := relevant(s), []string{"a x", "b x"}; !slices.Equal(got, want) {
		t.Errorf("held out %v, want %v", got, want)
	}
	if got, want := pairsOf(s.Train), []string{"a y", "a z", "b z", "c y", "d x", "d x", "d x", "e y", "f y"}; !slices.Equal(got, want) {
		t.Errorf("to train %v, want %v", got, want)
	}
	if s.Unused != 2 || s.NewItems != 2 || s.NewUsers != 0 || s.Repeats != 0 || s.Pairs != 2 || s.Tested != 2 {
		t.Errorf("%+v", s)
	}
	if want := "the last new item of each user is held out: 9 rows to train, 2 held-out pairs of 2 users; 2 are of items without one; 2 rows are later than what is held out of their user"; s.String() != want {
		t.Errorf("%q", s)
	}
	if s, err := (data.LeaveLast{Least: 3}).Split(x, 0); err != nil || !slices.Equal(relevant(s), []string{"a x"}) {
		t.Errorf("%v, %v", s, err)
	}
}

func TestSplitByTime(t *testing.T) {
	x := interactions(t, "a x 1", "b y 2", "a y 3", "c x 3", "a x 4", "b x 4", "b z 4", "b x 5")
	s, err := data.SplitByTime{Share: 0.3}.Split(x, 0) // 2 of 8 rows, and those of the same time
	if err != nil {
		t.Fatal(err)
	}
	if got, want := relevant(s), []string{"b x"}; !slices.Equal(got, want) {
		t.Errorf("held out %v, want %v", got, want)
	}
	if s.Train.Len() != 4 || s.Repeats != 2 || s.NewItems != 1 || s.NewUsers != 0 {
		t.Errorf("%v", s)
	}
	s, err = data.SplitByTime{At: 3, Fixed: true}.Split(x, 0)
	if err != nil || !slices.Equal(relevant(s), []string{"a y", "b x"}) || s.NewUsers != 1 {
		t.Errorf("%v, %v", s, err)
	}
}

// TestSplitsDoNotLeak holds splits of random rows to what each promises.
func TestSplitsDoNotLeak(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 0))
	for round := range 60 {
		var rows []string
		for range 20 + r.IntN(200) {
			rows = append(rows, fmt.Sprintf("u%d i%d %d", r.IntN(12), r.IntN(15), r.IntN(40)))
		}
		x := interactions(t, rows...)
		first := map[string]float64{} // pair to its first time
		for i, name := range pairsOf(x) {
			if v, ok := first[name]; !ok || x.Time[i] < v {
				first[name] = x.Time[i]
			}
		}
		for _, s := range []data.InteractionSplitter{data.LeaveLast{}, data.SplitByTime{Share: 0.3}, data.RandomShare{Share: 0.4}} {
			split, err := s.Split(x, uint64(round))
			if err != nil {
				t.Fatal(err)
			}
			trained := pairsOf(split.Train)
			latest, ofUser := math.Inf(-1), map[string]float64{}
			for i, v := range split.Train.Time {
				name, _, _ := strings.Cut(trained[i], " ")
				latest, ofUser[name] = max(latest, v), max(v, ofUser[name])
			}
			pairs := 0
			for _, p := range relevant(split) {
				pairs++
				name, _, _ := strings.Cut(p, " ")
				if slices.Contains(trained, p) {
					t.Fatalf("%T: %s is held out and trained on", s, p)
				}
				switch s.(type) {
				case data.LeaveLast:
					if ofUser[name] > first[p] {
						t.Fatalf("%s at %v, the user is known until %v", p, first[p], ofUser[name])
					}
				case data.SplitByTime:
					if latest >= first[p] {
						t.Fatalf("%s at %v, trained until %v", p, first[p], latest)
					}
				}
			}
			if pairs != split.Pairs {
				t.Fatalf("%T: %d pairs, %v", s, pairs, split)
			}
			again, err := s.Split(x, uint64(round))
			if err != nil || !reflect.DeepEqual(again, split) {
				t.Fatalf("%T: another split with the same seed", s)
			}
		}
	}
}

func TestRandomShare(t *testing.T) {
	var rows []string
	for u := range 40 {
		for i := range 10 {
			rows = append(rows, fmt.Sprintf("u%d i%d", u, i))
		}
	}
	x := interactions(t, rows...)
	s, err := data.RandomShare{Share: 0.3}.Split(x, 5)
	if err != nil {
		t.Fatal(err)
	}
	for u, items := range s.Relevant {
		if len(items) != 3 {
			t.Errorf("user %d: %v", u, items)
		}
	}
	other, err := data.RandomShare{Share: 0.3}.Split(x, 6)
	if err != nil || reflect.DeepEqual(other.Relevant, s.Relevant) {
		t.Errorf("another seed holds out the same pairs, %v", err)
	}
	if s.Train.Len()+s.Pairs != x.Len() {
		t.Errorf("%v", s)
	}
}

func ExampleInteractionColumns() {
	file := strings.NewReader("user,item,day\nann,tea,2024-03-01\nann,ham,2024-03-02\nbob,tea,2024-03-02\nbob,ham,2024-03-05\n")
	set, _, err := data.CSV{NoTarget: true, Types: map[string]data.ColumnType{"user": data.Text, "item": data.Text, "day": data.Text}}.Read(file, "shop")
	if err != nil {
		log.Fatal(err)
	}
	x, err := data.InteractionColumns{User: "user", Item: "item", Time: "day"}.Read(set)
	if err != nil {
		log.Fatal(err)
	}
	split, err := data.SplitByTime{Share: 0.25}.Split(x, 1)
	if err != nil {
		log.Fatal(err)
	}
	counts, err := x.Counts()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(counts)
	fmt.Println(split)
	// Output:
	// 4 pairs of 2 users and 2 items (100% of all)
	// rows from the time 1709596800 on are held out: 3 rows to train, 1 held-out pairs of 1 users
}
