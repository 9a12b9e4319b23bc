/** Pictures that stand still, of nobody; for the gallery. */

/** A room and somebody in it, with or without a mask. */
export function picture(i: number, veiled = false): MediaStream {
  const [width, height] = [640, 360]
  const canvas = document.createElement("canvas")
  canvas.width = width
  canvas.height = height
  const pen = canvas.getContext("2d")
  if (pen !== null) {
    const wall = pen.createLinearGradient(0, 0, width, height)
    wall.addColorStop(0, `oklch(0.72 0.05 ${i * 67})`)
    wall.addColorStop(1, `oklch(0.42 0.06 ${i * 67 + 40})`)
    pen.fillStyle = wall
    pen.fillRect(0, 0, width, height)
    pen.fillStyle = `oklch(0.35 0.08 ${i * 67 + 160})`
    pen.beginPath()
    pen.ellipse(width / 2, height * 1.05, height * 0.48, height * 0.46, 0, 0, 7)
    pen.fill()
    pen.fillStyle = `oklch(${0.5 + (i % 4) * 0.1} 0.06 55)`
    pen.beginPath()
    pen.ellipse(width / 2, height * 0.42, height * 0.17, height * 0.22, 0, 0, 7)
    pen.fill()
    for (let k = 0; veiled && k < 48; k++) {
      pen.fillStyle = `oklch(${0.35 + ((k * 7) % 11) / 30} 0.04 ${i * 67})`
      pen.fillRect(width / 2 - 84 + (k % 6) * 28, 40 + Math.floor(k / 6) * 28, 28, 28)
    }
  }
  return canvas.captureStream()
}

export function slide(): MediaStream {
  const canvas = document.createElement("canvas")
  canvas.width = 1280
  canvas.height = 800
  const pen = canvas.getContext("2d")
  if (pen !== null) {
    pen.fillStyle = "#ffffff"
    pen.fillRect(0, 0, 1280, 800)
    pen.fillStyle = "#1f5c4d"
    pen.font = "64px sans-serif"
    pen.fillText("Quarterly figures", 96, 180)
    for (let i = 0; i < 9; i++) pen.fillRect(96 + i * 120, 700 - (i + 2) * 42, 80, (i + 2) * 42)
  }
  return canvas.captureStream()
}
