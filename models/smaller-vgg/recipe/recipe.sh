#!/usr/bin/env bash
# recipe.sh SHARED OUT RENDERER: trains the shipped detector anew, in OUT, and exports it to
# OUT/smaller-vgg.
#
# SHARED holds data/detection, data/detection_vehicle_only, data/videos and weights (the teachers').
# RENDERER is a Python with Blender, of sample_videos/render/requirements.txt. About four hours on two
# CPU cores. Each training goes on where it was, when its line is run again with --resume.
set -euo pipefail
shared=$1 out=$2 renderer=$3
here=$(cd "$(dirname "$0")" && pwd)

acme-tracker train --out "$out/on-images" --config "$here/images.yaml" \
  --data "$shared/data/detection" --data "$shared/data/detection_vehicle_only"

bash "$here/label.sh" "$shared" "$out/labels"

acme-tracker train --out "$out/on-all" --config "$here/all.yaml" \
  --set model.weights="$out/on-images/best.safetensors" \
  --data "$out/labels/images" --data "$out/labels/videos"

bash "$here/render.sh" "$renderer" "$out/rendered"

acme-tracker train --out "$out/on-scenes" --config "$here/scenes.yaml" \
  --set model.weights="$out/on-all/best.safetensors" \
  --data "$out/labels/images" --data "$out/labels/videos" --data "$out/rendered"

acme-tracker export "$out/on-scenes" --format openvino --int8 --data "$out/labels/images" \
  --out "$out/smaller-vgg"
