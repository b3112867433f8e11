#!/usr/bin/env bash
# render.sh PYTHON OUT: rendered scenes for the third training, OUT/<scene>-<weather>-<seed>, with exact
# labels. PYTHON is of an environment with sample_videos/render/requirements.txt.
#
# Other traffic, other cameras than those of the bundled clips (seeds 4, 6 and 9), one frame a second.
set -euo pipefail
python=$1 out=$2
make_clip=$(cd "$(dirname "$0")/../../.." && pwd)/sample_videos/render/make_clip.py

while read -r scene weather seed frames samples; do
  "$python" "$make_clip" "$scene" --weather "$weather" --seed "$seed" --view "$seed" --frame-rate 1 \
    --frames "$frames" --width 640 --samples "$samples" --pictures --out "$out/$scene-$weather-$seed"
done <<'SCENES'
intersection day 101 24 3
intersection day 104 24 3
intersection day 201 24 3
intersection day 203 24 3
intersection wet 102 24 3
intersection wet 204 24 3
highway day 103 16 3
highway day 202 16 3
highway day 206 16 3
highway wet 110 16 3
highway night 304 12 3
night night 105 16 4
night night 207 16 4
night night 301 20 4
SCENES
