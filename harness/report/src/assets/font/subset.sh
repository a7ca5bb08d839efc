#!/bin/sh
# Makes the two fonts of pictures from DejaVu Sans 2.37: the letters of European languages, punctuation,
# arrows and signs of mathematics. Needs fonttools (pip) and the fonts (Debian: fonts-dejavu-core).
#
#   ./subset.sh [/usr/share/fonts/truetype/dejavu]
set -eu
fonts=${1:-/usr/share/fonts/truetype/dejavu}
cd "$(dirname "$0")"
for face in DejaVuSans DejaVuSans-Bold; do
  pyftsubset "$fonts/$face.ttf" --output-file="$face.ttf" --no-hinting --layout-features='kern' \
    --unicodes='U+20-7E,U+A0-17F,U+192,U+218-21B,U+370-3FF,U+400-45F,U+2010-205E,U+20AC,U+2190-21FF,U+2200-22FF,U+25A0-25FF,U+FFFD'
done
