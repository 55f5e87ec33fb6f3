package train

import (
	"context"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/graph"
	"github.com/seed732fc211/aegis/models"
)

// scorer computes the loss and metrics of a set without training.
type scorer struct {
	tally
	*feed
	config   Config
	programs map[size]*bound
}

// scoreBatch is the number of rows scored at once.
const scoreBatch = 256

func newScorer(m *models.Model, src data.Source, c Config) (*scorer, error) {
	f, err := newFeed(m, src, order{size: scoreBatch, byLength: true})
	if err != nil {
		return nil, err
	}
	s := &scorer{tally: newTally(m, f.answers, c), feed: f, config: c, programs: map[size]*bound{}}
	n := f.answers.Len()
	// Windows consist of whole batches, except the last.
	for _, rows := range []int{min(scoreBatch, n), n % scoreBatch} {
		if rows > 0 && err == nil {
			_, err = s.program(size{rows, f.longest()})
		}
	}
	return s, err
}

func (s *scorer) program(of size) (*bound, error) {
	if p := s.programs[of]; p != nil {
		return p, nil
	}
	g, err := s.table.build(s.m, s.config.Objective, graph.Infer, of.rows, of.steps)
	if err != nil {
		return nil, err
	}
	p, err := g.compile()
	s.programs[of] = p
	return p, err
}

func (s *scorer) score(ctx context.Context) ([]entry, error) {
	s.reset()
	s.epoch(ctx, 1)
	defer s.close()
	for range s.batches() {
		rows, local, err := s.next(ctx)
		if err != nil {
			return nil, err
		}
		p, err := s.program(size{len(rows), s.steps(rows)})
		if err != nil {
			return nil, err
		}
		p.load(local)
		if err := p.run.Run(ctx); err != nil {
			return nil, err
		}
		s.add(p, rows, s.table.weight(rows))
	}
	return s.scores(s.config)
}
