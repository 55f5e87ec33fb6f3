package text

import (
	"fmt"
	"strings"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/data/corpus"
	"github.com/seed732fc211/aegis/internal/builtin"
	nets "github.com/seed732fc211/aegis/models/text"
	"github.com/seed732fc211/aegis/optim"
	"github.com/seed732fc211/aegis/recipes/tabular"
	"github.com/seed732fc211/aegis/text"
)

// Tuned is the recipe of nets.Tuned: a language model, as aegis text lm saves it, becomes a network for
// another task. Texts become the language model's tokens.
type Tuned struct {
	Column  string     // of the texts; "": the only one
	Longest int        // tokens of a text; 0: those of a window that the language model was trained on
	Net     nets.Tuned // Dropout 0: 0.2
	Rate    float64    // factor of the learning rate of pretrained weights; 0: 0.3
	Fit     Fit
}

// Plan implements tabular.Recipe. It reads the language model's file.
func (r Tuned) Plan(rows *data.Set, seed uint64) (tabular.Plan, error) {
	l, texts, err := nets.LoadLanguage(r.Net.File)
	if err != nil {
		return tabular.Plan{}, fmt.Errorf("text: tuned: %w", err)
	}
	tokenizer, err := text.Read(strings.NewReader(texts[nets.TokenizerName]))
	if err != nil {
		return tabular.Plan{}, fmt.Errorf("text: tuned: %s: %w", r.Net.File, err)
	}
	if !(r.Rate >= 0) {
		return tabular.Plan{}, fmt.Errorf("text: tuned: a factor of %v of the learning rate: want one of at least 0", r.Rate)
	}
	r.Net.Dropout = or(r.Net.Dropout, 0.2)
	tokens := corpus.Tokens{Column: r.Column, Tokenizer: tokenizer, Longest: or(r.Longest, l.Steps)}
	rate, epochs := 0.001, 12
	switch r.Net.Tuning {
	case nets.LoRA:
		rate = 0.002
	case nets.Frozen:
		rate, epochs = 0.003, 30
	case nets.Anew:
		epochs = 50
	}
	// Pretrained weights need few epochs, and few rows small batches.
	r.Fit.Epochs = or(r.Fit.Epochs, epochs)
	if rows.Len() < 2000 {
		r.Fit.Batch = or(r.Fit.Batch, 16)
	}
	p, err := r.Fit.plan(rows, seed, tokens, r.Net, rate, epochs)
	if err == nil && (r.Net.Tuning == "" || r.Net.Tuning == nets.Whole) {
		slow := or(r.Rate, 0.3)
		p.Config.Groups = append([]optim.Group{
			{Match: "/embedding/**", Rate: slow}, {Match: "/body/**/bias", Rate: slow, NoDecay: true, Optional: true}, {Match: "/body/**", Rate: slow},
		}, p.Config.Groups...)
	}
	return p, err
}

func init() { builtin.Register(Tuned{}) }
