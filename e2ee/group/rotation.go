package group

import (
	"crypto/rand"

	"paravent/e2ee/link"
	"paravent/e2ee/mls"
	"paravent/e2ee/moderation"
)

// A new link generation reaches those who are in the room sealed in the commit
// from which it holds, under a secret of the epoch that the commit ends
// (PROTOCOL.md, "Link generations").

// sealGeneration returns "g" for the present epoch.
func sealGeneration(g *mls.Group, next *link.Generation) ([]byte, error) {
	exported, err := exportedFor(g, next.Number)
	if err != nil {
		return nil, err
	}
	defer clear(exported)
	return moderation.SealGeneration(next, exported, [GroupSize]byte(g.ID()), rand.Reader)
}

// openGeneration opens "g" in the present epoch.
func openGeneration(g *mls.Group, b []byte) (*link.Generation, error) {
	number, err := moderation.GenerationNumber(b)
	if err != nil {
		return nil, err
	}
	exported, err := exportedFor(g, number)
	if err != nil {
		return nil, err
	}
	defer clear(exported)
	return moderation.OpenGeneration(b, exported, [GroupSize]byte(g.ID()))
}

func exportedFor(g *mls.Group, number uint32) ([]byte, error) {
	return g.Export(moderation.ExporterLabel, moderation.ExporterContext(number), moderation.ExportedSize)
}
