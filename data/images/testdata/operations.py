"""Writes operations.json: what Pillow 9.4 and Python's colorsys make of a small picture.

Debian 12: apt-get install python3-pil python3-numpy; /usr/bin/python3 operations.py
"""
import base64, colorsys, json
import numpy as np
from PIL import Image, ImageEnhance, ImageOps

r = np.random.RandomState(11)
h, w = 18, 20
rgb = np.clip(r.normal([90, 130, 160], [30, 25, 60], (h, w, 3)), 3, 250).astype(np.uint8)
im = Image.fromarray(rgb)


def raw(a):
    return base64.b64encode(np.asarray(a, np.uint8).tobytes()).decode()


colours = []


def add(name, value, im):
    colours.append(dict(Name=name, Value=value, Want=raw(im)))


for name, kind in (("brightness", ImageEnhance.Brightness), ("contrast", ImageEnhance.Contrast), ("saturation", ImageEnhance.Color), ("sharpness", ImageEnhance.Sharpness)):
    for f in (0.0, 0.3, 1.0, 1.8):
        add(name, f, kind(im).enhance(f))
for bits in (8, 4, 1):
    add("posterize", bits, ImageOps.posterize(im, bits))
for t in (0, 100, 255):
    add("solarize", t, ImageOps.solarize(im, t))
add("autocontrast", 0, ImageOps.autocontrast(im))
add("equalize", 0, ImageOps.equalize(im))
hues = []
for turn in (-0.5, -0.1, 0.25):
    want = []
    for p in rgb.reshape(-1, 3)[:60] / 255.0:
        hue, s, v = colorsys.rgb_to_hsv(*p)
        want += [round(x, 7) for x in colorsys.hsv_to_rgb((hue + turn) % 1.0, s, v)]
    hues.append(dict(Turn=turn, Want=want))

plane = np.round(r.rand(9, 12), 4).astype(np.float32)
f = Image.fromarray(plane, "F")
moves = []
for name, data in (("shear x", (1, 0.21, 0, 0, 1, 0)), ("shear y", (1, 0, 0, -0.3, 1, 0)), ("any", (0.8, 0.3, 1.25, -0.2, 1.1, -0.5))):
    got = f.transform(f.size, Image.AFFINE, data, Image.BILINEAR, fillcolor=0.25)
    moves.append(dict(Name=name, Matrix=data, Want=[round(float(v), 6) for v in np.asarray(got).ravel()]))
for degrees in (17.0, -30.0):
    got = f.rotate(degrees, Image.BILINEAR, fillcolor=0.25)
    moves.append(dict(Name="rotate", Degrees=degrees, Want=[round(float(v), 6) for v in np.asarray(got).ravel()]))

json.dump(dict(Height=h, Width=w, Pix=raw(rgb), Colours=colours, Hues=hues, Plane=dict(Height=9, Width=12, Pix=[round(float(v), 4) for v in plane.ravel()]), Moves=moves),
          open("operations.json", "w"), separators=(",", ":"))
