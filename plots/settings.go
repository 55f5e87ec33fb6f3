package plots

import (
	"fmt"

	"github.com/seed732fc211/aegis/crossval/search"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
)

// SettingShares is the input of SettingImportance.
type SettingShares struct {
	Title  string // "": "Importance of settings"
	Metric string
	Shares []search.Importance // as search.Outcome.Importance returns them
	Most   int                 // number of settings to show, the most important first; 0: 12
}

// SettingImportance draws the share of the score's variance over the space that each setting
// explains by itself, with one standard deviation over the forests on each side. A setting
// whose share is less than one standard deviation is grey. Shares need not sum to 1: see
// [search.Outcome.Importance].
//
// It is an error if there are no settings, or if a share or a standard deviation is negative
// or not finite.
func SettingImportance(s SettingShares) (*Figure, error) {
	p, n, err := s.plot()
	if err != nil {
		return nil, err
	}
	return figure(p, 5.4*vg.Inch, vg.Length(1.4+0.26*float64(n))*vg.Inch), nil
}

func (s SettingShares) plot() (p *plot.Plot, shown int, err error) {
	m := Importances{Title: s.Title, Most: s.Most}
	names := make([]string, len(s.Shares))
	for i, v := range s.Shares {
		names[i] = v.Setting
	}
	names = lastParts(names)
	for k, i := range s.Shares {
		if !isFinite(i.Share, i.Std) || i.Share < 0 || i.Std < 0 {
			return nil, 0, fmt.Errorf("plots: importance of %s: %v with a standard deviation of %v", i.Setting, i.Share, i.Std)
		}
		m.Columns = append(m.Columns, Effect{Name: names[k], Mean: i.Share, Low: max(0, i.Share-i.Std), High: i.Share + i.Std})
	}
	n := len(m.top())
	if m.Title == "" {
		m.Title = "Importance of settings"
		if all := len(s.Shares); all > n {
			m.Title += fmt.Sprintf(", %d of %d", n, all)
		}
	}
	if p, err = m.plot(); err != nil {
		return nil, 0, err
	}
	p.X.Label.Text = fmt.Sprintf("share of the variance of %s (± std)", s.Metric)
	return p, n, nil
}
