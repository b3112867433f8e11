#!/usr/bin/env bash
# recipe.sh SHARED OUT: trains the shipped detector anew, in OUT, and exports it to OUT/smaller-vgg.
#
# SHARED holds data/detection, data/detection_vehicle_only, data/videos and weights (the teachers').
# About two hours on two CPU cores. Each training goes on where it was, when its line is run again
# with --resume.
set -euo pipefail
shared=$1 out=$2
here=$(cd "$(dirname "$0")" && pwd)

acme-tracker train --out "$out/on-images" --config "$here/images.yaml" \
  --data "$shared/data/detection" --data "$shared/data/detection_vehicle_only"

bash "$here/label.sh" "$shared" "$out/labels"

acme-tracker train --out "$out/on-all" --config "$here/all.yaml" \
  --set model.weights="$out/on-images/best.safetensors" \
  --data "$out/labels/images" --data "$out/labels/videos"

acme-tracker export "$out/on-all" --format openvino --int8 --data "$out/labels/images" \
  --out "$out/smaller-vgg"
