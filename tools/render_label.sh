#!/usr/bin/env bash
# tools/render_label.sh [WQY_MICROHEI_FONT]: renders the words of the visible AI label as white-on-black masks into
# data/labels, tightly cropped. Run by a developer when the words change; the pictures are committed, so that neither
# building nor running needs a font. Needs ffmpeg, fonts-wqy-microhei (Apache-2.0) and fonts-dejavu-core.
set -euo pipefail
cd "$(dirname "$0")/.."
chinese_font=${1:-/usr/share/fonts/truetype/wqy/wqy-microhei.ttc}
latin_font=/usr/share/fonts/truetype/dejavu/DejaVuSans-Bold.ttf

render() {  # render NAME FONT TEXT
    local draw="drawtext=fontfile=$2:text='$3':fontsize=160:fontcolor=white:x=80:y=80,format=gray"
    local blank="color=black:size=1600x400:duration=0.2:rate=25"
    local area
    area=$(ffmpeg -hide_banner -f lavfi -i "$blank" -vf "$draw,bbox=min_val=24" -f null - 2>&1 |
        grep -o 'crop=[0-9:]*' | tail -n 1)
    ffmpeg -hide_banner -loglevel error -y -f lavfi -i "$blank" -vf "$draw,$area" -frames:v 1 "data/labels/$1.png"
    echo "data/labels/$1.png $area"
}

mkdir -p data/labels
render zh "$chinese_font" "AI生成"
render en "$latin_font" "AI-generated"
