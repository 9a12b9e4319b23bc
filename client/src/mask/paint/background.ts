/**
 * Another background: where the silhouette shows nobody. A nicety, and no
 * promise: whoever must not be seen there is masked, not blurred.
 */

import type { Silhouette } from "../cover/cover.ts"
import type { Background } from "../treatment.ts"

/** The picture is made so much smaller, and larger again, to blur it. */
const COARSE = 24

const SKY = ["#93a4bd", "#aebbcd", "#c8d1dc"] as const

/** Where people are, as a picture whose alpha says it. */
function stencil({ columns, rows, likely }: Silhouette): OffscreenCanvas {
  const canvas = new OffscreenCanvas(columns, rows)
  const g = canvas.getContext("2d")
  const pixels = new ImageData(columns, rows)
  likely.forEach((value, i) => {
    pixels.data[i * 4 + 3] = Math.max(0, Math.min(255, (value - 64) * 2))
  })
  g?.putImageData(pixels, 0, 0)
  return canvas
}

/** Draws over the frame that `g` shows. Without a silhouette all of it is background. */
export function drawBackground(g: OffscreenCanvasRenderingContext2D, how: Background, person: Silhouette | null): void {
  if (how === "none") return
  const { width, height } = g.canvas
  const behind = new OffscreenCanvas(width, height)
  const b = behind.getContext("2d")
  if (b === null) return
  if (how === "blur") {
    const small = new OffscreenCanvas(Math.max(1, Math.ceil(width / COARSE)), Math.max(1, Math.ceil(height / COARSE)))
    small.getContext("2d")?.drawImage(g.canvas, 0, 0, small.width, small.height)
    b.drawImage(small, 0, 0, width, height)
  } else {
    b.fillStyle = SKY[1]
    b.fillRect(0, 0, width, height)
    if (how === "drawn") hills(b, width, height)
  }
  if (person !== null) {
    b.globalCompositeOperation = "destination-out"
    b.drawImage(stencil(person), 0, 0, width, height)
  }
  g.drawImage(behind, 0, 0)
}

function hills(g: OffscreenCanvasRenderingContext2D, width: number, height: number): void {
  g.fillStyle = SKY[2]
  g.fillRect(0, 0, width, height * 0.5)
  for (const [at, colour] of [
    [0.45, "#8fa58f"],
    [0.65, "#6f8a72"],
  ] as const) {
    g.fillStyle = colour
    g.beginPath()
    g.ellipse(width * (at + 0.1), height * (at + 0.6), width * 0.9, height * 0.55, 0, 0, 2 * Math.PI)
    g.fill()
  }
}
