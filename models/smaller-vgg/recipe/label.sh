#!/usr/bin/env bash
# label.sh SHARED OUT: data sets for the second training, OUT/videos and OUT/images, by teachers.
#
# Videos: the clips that may train a shipped model. Images: what people labelled, with what they left
# out added; images held out for validation (all.yaml names their scenes) stay as they are.
set -euo pipefail
shared=$1 out=$2

# The first is the best on vehicles and persons; the others know cars, buses, trucks and bikes apart.
teachers=(
  --teacher person-vehicle-bike-2003=2
  --teacher nanodet-plus-640
  --teacher picodet-s
)

mkdir -p "$out"
acme-tracker label "${teachers[@]}" --out "$out/videos" --every 0.15 --most 125 \
  "$shared/data/videos/otvision_cars-cyclist.mp4" \
  "$shared/data/videos/opendatacam_crossing.mp4" \
  "$shared/data/videos/intel_car-detection.mp4" \
  "$shared/data/videos/bgslib_video02.avi"

# Those named topview_ are stored stretched to squares.
acme-tracker label "${teachers[@]}" --out "$out/images" --aspect topview_=1.7 \
  --leave topview_11_ --leave topview_13_ --leave topview_test2_ \
  "$shared/data/detection" "$shared/data/detection_vehicle_only"
