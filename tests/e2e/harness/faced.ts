/**
 * A camera that shows the drawn face, and eyes that say of every frame of
 * somebody's picture whether that face is to be seen in it. Runs inside the
 * page, as source text; the application knows nothing of it.
 */

import { picture } from "../../../client/src/mask/detect/selftest.ts"
import { png } from "./png.ts"

/** What was seen since it was last asked. */
export interface Faces {
  readonly frames: number
  readonly open: number // frames that show the room
  readonly exposed: number // frames that show the face
  readonly most: number // how alike a frame and the face were at most, -1..1
}

/** window.faced */
export interface Faced {
  /** Looks at every frame of this person's tile from now on. */
  watch(name: string): void
  take(): Faces
  /** The workers that mask, the newest last. */
  readonly workers: Worker[]
  /** The camera is turned by a quarter. */
  turn(): void
}

declare global {
  interface Window {
    faced: Faced
  }
}

/** Where the face is in the picture, in parts of its size: eyes, nose and mouth. */
const CORE = { x: 275 / 640, y: 105 / 360, width: 90 / 640, height: 110 / 360 }

/** The script that gives a page this camera, these eyes, and a hand on the workers that mask. */
export const facing = (): string => `(${inside.toString()})(${JSON.stringify(png(picture(true)))}, ${JSON.stringify(CORE)})`

function inside(file: string, core: typeof CORE): void {
  const [WIDTH, HEIGHT] = [640, 360]
  const [SMALL, LOW] = [160, 90] // in which faces are compared
  const ALIKE = 0.7 // a face that a codec spoiled is above 0.8; a pattern of few blocks comes near 0.6 by chance
  let upright = true
  const face = createImageBitmap(new Blob([Uint8Array.from(atob(file), (c) => c.charCodeAt(0))]))

  const canvasOf = (width: number, height: number): CanvasRenderingContext2D => {
    const canvas = document.createElement("canvas")
    canvas.width = width
    canvas.height = height
    const pen = canvas.getContext("2d", { willReadFrequently: true })
    if (pen === null) throw new Error("no canvas")
    return pen
  }

  // ---- The camera ----

  const devices = navigator.mediaDevices as MediaDevices | undefined
  if (devices === undefined) return // the blank page before the first
  const real = devices.getUserMedia.bind(devices)
  devices.getUserMedia = async (wanted = {}) => {
    if (wanted.video === undefined || wanted.video === false) return real(wanted)
    const pen = canvasOf(WIDTH, HEIGHT)
    const somebody = await face
    let count = 0
    const draw = (): void => {
      const [width, height] = upright ? [WIDTH, HEIGHT] : [HEIGHT, WIDTH]
      if (pen.canvas.width !== width) Object.assign(pen.canvas, { width, height })
      pen.fillStyle = "#a0a8b0"
      pen.fillRect(0, 0, width, height)
      pen.drawImage(somebody, (width - WIDTH) / 2, (height - HEIGHT) / 2)
      pen.fillStyle = count++ % 2 === 0 ? "#777" : "#888" // something changes in every frame
      pen.fillRect(0, 0, 8, 8)
    }
    draw()
    const stream = pen.canvas.captureStream()
    const timer = setInterval(() => {
      if (stream.getVideoTracks()[0]?.readyState === "ended") clearInterval(timer)
      else draw()
    }, 50)
    window.probe.tracks.push(...stream.getTracks())
    return stream
  }

  // ---- The eyes ----

  const small = canvasOf(SMALL, LOW)
  const greys = (source: CanvasImageSource): Float64Array => {
    // A video that has no picture yet draws nothing: what was drawn before must not be taken for its own.
    small.clearRect(0, 0, SMALL, LOW)
    small.drawImage(source, 0, 0, SMALL, LOW)
    const { data } = small.getImageData(0, 0, SMALL, LOW)
    return Float64Array.from(
      { length: SMALL * LOW },
      (_, i) => 0.3 * (data[4 * i] ?? 0) + 0.6 * (data[4 * i + 1] ?? 0) + 0.1 * (data[4 * i + 2] ?? 0),
    )
  }
  const [left, top] = [Math.round(core.x * SMALL), Math.round(core.y * LOW)]
  const [across, down] = [Math.round(core.width * SMALL), Math.round(core.height * LOW)]
  const cut = (of: Float64Array, x: number, y: number): number[] =>
    Array.from({ length: across * down }, (_, i) => of[(y + Math.floor(i / across)) * SMALL + x + (i % across)] ?? 0)
  /** How alike two cuts are, whatever their brightness: -1..1. */
  const alike = (a: readonly number[], b: readonly number[]): number => {
    const mean = (of: readonly number[]): number => of.reduce((sum, v) => sum + v, 0) / of.length
    const [am, bm] = [mean(a), mean(b)]
    let [ab, aa, bb] = [0, 0, 0]
    a.forEach((v, i) => {
      const [da, db] = [v - am, (b[i] ?? 0) - bm]
      ab += da * db
      aa += da * da
      bb += db * db
    })
    return aa * bb === 0 ? 0 : ab / Math.sqrt(aa * bb)
  }

  // ---- The workers ----

  const workers: Worker[] = []
  window.Worker = class extends Worker {
    constructor(script: string | URL, options?: WorkerOptions) {
      super(script, options)
      if (String(script).includes("mask")) workers.push(this)
    }
  }

  const template = face.then(greys)
  let seen = { frames: 0, open: 0, exposed: 0, most: -1 }
  const watched = new WeakSet<HTMLVideoElement>()

  const look = (video: HTMLVideoElement, was: Float64Array): void => {
    if (video.videoWidth === 0) return
    const is = greys(video)
    const wanted = cut(was, left, top)
    let most = -1
    for (let dy = -1; dy <= 1; dy++) for (let dx = -1; dx <= 1; dx++) most = Math.max(most, alike(wanted, cut(is, left + dx, top + dy)))
    const room = [0.1, 0.9].every((x) => {
      const at = Math.round(0.5 * LOW) * SMALL + Math.round(x * SMALL)
      return Math.abs((was[at] ?? 0) - (is[at] ?? 0)) < 16
    })
    seen = {
      frames: seen.frames + 1,
      open: seen.open + (room ? 1 : 0),
      exposed: seen.exposed + (most > ALIKE ? 1 : 0),
      most: Math.max(seen.most, most),
    }
  }

  window.faced = {
    workers,
    turn() {
      upright = !upright
    },
    watch(name) {
      const find = async (): Promise<void> => {
        const was = await template
        for (const video of document.querySelectorAll<HTMLVideoElement>(`[data-name="${name}"] video`)) {
          if (watched.has(video)) continue
          watched.add(video)
          const on = (): void => {
            look(video, was)
            video.requestVideoFrameCallback(on)
          }
          video.requestVideoFrameCallback(on)
        }
      }
      new MutationObserver(() => void find()).observe(document, { subtree: true, childList: true, attributeFilter: ["data-name"] })
      void find()
    },
    take() {
      const now = seen
      seen = { frames: 0, open: 0, exposed: 0, most: -1 }
      return now
    },
  }
}
