/**
 * A camera that plays pictures the test gives it, and eyes that say for each of
 * them what of it is to be seen in a video of the page. Runs inside the page, as
 * source text; the application knows nothing of it.
 *
 * Every picture carries its number in four corners, so that what comes out is
 * compared with the very picture that went in. What comes out and differs is
 * covered; so is what has a colour that masks are painted in.
 */

import { COLOURS } from "../../../client/src/mask/paint/fill.ts"

export const WIDTH = 640
export const HEIGHT = 360
/** Pixels of a side of one cell of what is seen. */
export const CELL = 4
export const COLUMNS = WIDTH / CELL
export const ROWS = HEIGHT / CELL

/** What was seen of one picture. */
export interface Seen {
  readonly number: number // as it was played, from 0
  readonly frames: number // how often it came out
  readonly cells: string // "1" covered in all of them, "0" to be seen in at least one; row by row
}

/** window.played */
export interface Played {
  /** What is played from now on: JPEG or PNG files in base64. */
  load(pictures: readonly string[]): Promise<void>
  /** Plays all of them, each for `repeat` frames, at `fps`; the last one stays. */
  play(fps: number, repeat: number): Promise<void>
  /** Looks at this video of the page from now on: at each of its pictures, or each so many, since looking costs time. */
  watch(video: HTMLVideoElement, every?: number): void
  /** Only takes the time of this video's pictures from now on. */
  time(video: HTMLVideoElement): void
  /** How late each picture came since it was last asked, in ms from when it was played. */
  late(): number[]
  /** What was seen since it was last asked. */
  take(): Seen[]
}

declare global {
  interface Window {
    played: Played
  }
}

/** The script that gives a page this camera, so many times as wide and high as what is compared, with so many frames a second while nothing is played. */
export const playing = (times = 1, fps = 30): string =>
  `(${inside.toString()})(${JSON.stringify({ WIDTH, HEIGHT, CELL, COLUMNS, ROWS, times, fps })}, ${JSON.stringify(COLOURS)})`

function inside(
  { WIDTH, HEIGHT, CELL, COLUMNS, ROWS, times, fps }: Record<"WIDTH" | "HEIGHT" | "CELL" | "COLUMNS" | "ROWS" | "times" | "fps", number>,
  painted: readonly string[],
): void {
  const BITS = 14 // of a number; then the same bits turned over
  const BLOCK = 4 // pixels of a side of one bit
  const FAR = 32 // of 255: a pixel that differs by more is another
  const SAME = 5 // one that differs by no more has that colour
  const fills = painted.map((hex) => [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16)))

  const canvasOf = (scale = 1): [HTMLCanvasElement, CanvasRenderingContext2D] => {
    const canvas = document.createElement("canvas")
    canvas.width = scale * WIDTH
    canvas.height = scale * HEIGHT
    const pen = canvas.getContext("2d", { willReadFrequently: true })
    if (pen === null) throw new Error("no canvas")
    pen.scale(scale, scale)
    return [canvas, pen]
  }
  const [shown, pen] = canvasOf(times)
  const [, before] = canvasOf()
  const [, after] = canvasOf()
  let pictures: ImageBitmap[] = []
  let first = 0 // number of the first of them
  let next = 0
  const played = new Map<number, number>() // when each was, by its number
  let late: number[] = []
  const seen = new Map<number, { frames: number; cells: Uint8Array }>()
  const sources = new Map<number, Uint8ClampedArray>()

  const bitsOf = (n: number): boolean[] => Array.from({ length: 2 * BITS }, (_, i) => (((n >> (i % BITS)) & 1) === 1) === i < BITS)
  const corners = [0, 1].flatMap((right) => [0, 1].map((low) => ({ x: right * (WIDTH - 2 * BITS * BLOCK), y: low * (HEIGHT - BLOCK) })))

  const draw = (to: CanvasRenderingContext2D, number: number): void => {
    const picture = pictures[number - first]
    to.fillStyle = "#808080"
    to.fillRect(0, 0, WIDTH, HEIGHT)
    if (picture === undefined) return
    const scale = Math.min(WIDTH / picture.width, HEIGHT / picture.height)
    const [w, h] = [picture.width * scale, picture.height * scale]
    to.drawImage(picture, (WIDTH - w) / 2, (HEIGHT - h) / 2, w, h)
    for (const { x, y } of corners)
      bitsOf(number).forEach((on, i) => {
        to.fillStyle = on ? "#fff" : "#000"
        to.fillRect(x + i * BLOCK, y, BLOCK, BLOCK)
      })
  }

  const numberIn = (rgba: Uint8ClampedArray): number | undefined => {
    for (const { x, y } of corners) {
      const bits = Array.from({ length: 2 * BITS }, (_, i) => rgba[4 * ((y + 2) * WIDTH + x + i * BLOCK + 2)] ?? 128)
      if (bits.some((b) => b > 70 && b < 185)) continue
      const on = bits.map((b) => b >= 185)
      if (!on.slice(BITS).every((b, i) => b !== on[i])) continue
      return on.slice(0, BITS).reduce((n, b, i) => n + (b ? 1 << i : 0), 0)
    }
    return undefined
  }

  const sourceOf = (number: number): Uint8ClampedArray => {
    const known = sources.get(number)
    if (known !== undefined) return known
    draw(before, number)
    const { data } = before.getImageData(0, 0, WIDTH, HEIGHT)
    sources.set(number, data)
    const oldest = [...sources.keys()][0]
    if (sources.size > 40 && oldest !== undefined) sources.delete(oldest)
    return data
  }

  /** 1 for each cell that is covered. */
  const covered = (was: Uint8ClampedArray, is: Uint8ClampedArray): Uint8Array => {
    const near = (i: number, to: ArrayLike<number>, from: number, most: number): boolean =>
      Math.abs((is[i] ?? 0) - (to[from] ?? 0)) <= most &&
      Math.abs((is[i + 1] ?? 0) - (to[from + 1] ?? 0)) <= most &&
      Math.abs((is[i + 2] ?? 0) - (to[from + 2] ?? 0)) <= most
    const open = (p: number): boolean => near(4 * p, was, 4 * p, FAR) && !fills.some((fill) => near(4 * p, fill, 0, SAME))
    const cells = new Uint8Array(COLUMNS * ROWS)
    for (let row = 0; row < ROWS; row++) {
      for (let column = 0; column < COLUMNS; column++) {
        let n = 0
        for (let y = row * CELL; y < (row + 1) * CELL; y++)
          for (let x = column * CELL; x < (column + 1) * CELL; x++) {
            if (!open(y * WIDTH + x)) n++
          }
        cells[row * COLUMNS + column] = n >= 0.8 * CELL * CELL ? 1 : 0
      }
    }
    return cells
  }

  const look = (video: HTMLVideoElement): void => {
    if (video.videoWidth * HEIGHT !== video.videoHeight * WIDTH) return // not yet any of these
    after.drawImage(video, 0, 0, WIDTH, HEIGHT)
    const { data } = after.getImageData(0, 0, WIDTH, HEIGHT)
    const number = numberIn(data)
    if (number === undefined || number < first || number >= first + pictures.length) return
    const cells = covered(sourceOf(number), data)
    const known = seen.get(number)
    if (known === undefined) seen.set(number, { frames: 1, cells })
    else {
      known.frames++
      for (let i = 0; i < cells.length; i++) known.cells[i] = (known.cells[i] ?? 0) & (cells[i] ?? 0)
    }
  }

  if (navigator.mediaDevices === undefined) return // an empty page
  const real = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices)
  navigator.mediaDevices.getUserMedia = async (wanted = {}) => {
    if (wanted.video === undefined || wanted.video === false) return real(wanted)
    draw(pen, next)
    const stream = shown.captureStream()
    // A canvas gives a frame only when it is painted.
    const timer = setInterval(() => {
      if (stream.getVideoTracks()[0]?.readyState === "ended") clearInterval(timer)
      else if (!busy) draw(pen, next)
    }, 1000 / fps)
    return stream
  }
  let busy = false

  window.played = {
    async load(files) {
      first += pictures.length
      next = first
      sources.clear()
      const bytes = (file: string): Uint8Array<ArrayBuffer> => Uint8Array.from(atob(file), (c) => c.charCodeAt(0))
      pictures = await Promise.all(files.map((file) => createImageBitmap(new Blob([bytes(file)]))))
    },
    play(fps, repeat) {
      busy = true
      const from = performance.now()
      return new Promise((done) => {
        const step = (): void => {
          const n = Math.floor(((performance.now() - from) / 1000) * fps)
          if (n >= pictures.length * repeat) {
            clearInterval(timer)
            busy = false
            return done()
          }
          const now = first + Math.floor(n / repeat)
          if (now !== next || !played.has(now)) played.set(now, performance.now())
          next = now
          draw(pen, next)
        }
        const timer = setInterval(step, 1000 / fps)
        step()
      })
    },
    watch(video, every = 1) {
      let n = 0
      const on = (): void => {
        if (n++ % every === 0) look(video)
        video.requestVideoFrameCallback(on)
      }
      video.requestVideoFrameCallback(on)
    },
    time(video) {
      const strip = WIDTH * BLOCK * 4
      const all = new Uint8ClampedArray(WIDTH * HEIGHT * 4)
      let last = -1
      const on = (): void => {
        // The corners alone: reading the whole picture would slow down what is measured.
        after.drawImage(video, 0, 0, WIDTH, HEIGHT)
        all.set(after.getImageData(0, 0, WIDTH, BLOCK).data, 0)
        all.set(after.getImageData(0, HEIGHT - BLOCK, WIDTH, BLOCK).data, all.length - strip)
        const number = numberIn(all)
        const at = played.get(number ?? -1)
        if (number !== undefined && number !== last && at !== undefined) late.push(performance.now() - at)
        last = number ?? last
        video.requestVideoFrameCallback(on)
      }
      video.requestVideoFrameCallback(on)
    },
    late() {
      const all = late
      late = []
      return all
    },
    take() {
      const all = [...seen].map(([number, s]) => ({ number: number - first, frames: s.frames, cells: s.cells.join("") }))
      seen.clear()
      return all.filter((s) => s.number >= 0)
    },
  }
}
