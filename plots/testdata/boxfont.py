# Writes boxfont.ttf: a font with squares for five Chinese characters and nothing
# else, made here so that the tests need no font of the machine's.
# Debian's python3-fonttools 4.38.0.
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen

TEXT = "苹果梨品种"


def square(size):
    pen = TTGlyphPen(None)
    for low, high in ((50, size), (150, size - 100)):
        points = [(low, low), (low, high), (high, high), (high, low)]
        if low > 50:
            points.reverse()
        pen.moveTo(points[0])
        for p in points[1:]:
            pen.lineTo(p)
        pen.closePath()
    return pen.glyph()


names = [".notdef"] + ["g%04X" % ord(c) for c in TEXT]
font = FontBuilder(1000, isTTF=True)
font.setupGlyphOrder(names)
font.setupCharacterMap({ord(c): "g%04X" % ord(c) for c in TEXT})
font.setupGlyf({n: square(500 if n == ".notdef" else 850) for n in names})
font.setupHorizontalMetrics({n: (900, 50) for n in names})
font.setupHorizontalHeader(ascent=900, descent=-100)
font.setupNameTable({"familyName": "Aegis Boxes", "styleName": "Regular"})
font.setupOS2(sTypoAscender=900, usWinAscent=900, usWinDescent=100)
font.setupPost()
font.font["head"].created = font.font["head"].modified = 0
font.font.recalcTimestamp = False
font.save("boxfont.ttf")
