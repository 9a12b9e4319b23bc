/**
 * A camera with two pictures that differ only where a zone or a mask covers
 * them, and eyes that compare what becomes of the two, before it is encoded. Runs inside
 * the page, as source text; the application knows nothing of it.
 */

import { picture } from "../../../client/src/mask/detect/selftest.ts"
import type { Fill, Strength } from "../../../client/src/mask/treatment.ts"
import { png } from "./png.ts"

/** Where the pictures differ, in pixels: odd numbers, so that its edges lie between pixels that share their colour. */
const SECRET = { left: 201, top: 101, right: 399, bottom: 251 }
const SIZE = { width: 640, height: 360 }

/** window.twofold */
export interface Twofold {
  /** Shows one of the pictures from now on. Resolves with a print of what becomes of it, once that stays the same for some frames. */
  become(which: 0 | 1): Promise<string>
  /** Of the cameras that were opened. */
  states(): readonly MediaStreamTrackState[]
}

declare global {
  interface Window {
    twofold: Twofold
  }
}

type Zones = "zone" | "all but a zone" | "none"

/** The script that gives a page this camera, so many times as wide and high; its zones are as if the device had remembered them. */
export const twofold = (zones: Zones, background: "none" | "blur", times = 1): string => {
  const { left, top, right, bottom } = SECRET
  const at = (x: number, y: number): object => ({ x: x / SIZE.width, y: y / SIZE.height })
  const secret = [at(left, top), at(right, top), at(right, bottom), at(left, bottom)]
  const rest = [at(403, 5), at(635, 5), at(635, 355), at(403, 355)]
  const remembered =
    zones === "none"
      ? []
      : [
          {
            camera: "twofold",
            zones: [{ corners: zones === "zone" ? secret : rest }],
            inverse: zones !== "zone",
            of: { camera: "twofold", aspect: SIZE.width / SIZE.height },
          },
        ]
  const larger = <T extends object>(of: T): string => JSON.stringify(of, (_, value) => (typeof value === "number" ? value * times : value))
  const masking = { strength: "off", fill: "flat", background }
  return `(${inside.toString()})(${larger(SECRET)}, ${larger(SIZE)}, ${JSON.stringify(remembered)}, ${JSON.stringify(masking)}, [])`
}

/** Eyes, nose and mouth of the drawn face, in pixels. */
const CORE = { left: 275, top: 105, right: 365, bottom: 215 }

/** The drawn face with other features: turned left to right, of a darker skin and with pale eyes and lips. */
function another(): string {
  const was = picture(true)
  const data = Uint8ClampedArray.from(was.data)
  for (let y = CORE.top; y < CORE.bottom; y++)
    for (let x = CORE.left; x < CORE.right; x++)
      for (let i = 0; i < 3; i++) {
        const from = was.data[4 * (y * was.width + CORE.left + CORE.right - 1 - x) + i] ?? 0
        data[4 * (y * was.width + x) + i] = 30 + 0.7 * from
      }
  return png({ ...was, data })
}

/** The same with two faces, masked like this. */
export const twofaced = (strength: Strength, fill: Fill): string =>
  `(${inside.toString()})(${JSON.stringify(CORE)}, ${JSON.stringify(SIZE)}, [], ${JSON.stringify({ strength, fill, background: "none" })}, ${JSON.stringify([png(picture(true)), another()])})`

function inside(secret: typeof SECRET, size: typeof SIZE, remembered: readonly object[], masking: object, faces: readonly string[]): void {
  const devices = navigator.mediaDevices as MediaDevices | undefined
  if (devices === undefined) return // the blank page before the first
  const FRAMES = 8
  const SIGNAL = { x: 0.94, y: 0.89, width: 0.06, height: 0.1 } // a patch that says that another picture comes, in parts
  let which = 0
  let signal = false
  const opened: MediaStreamTrack[] = []
  localStorage.setItem("paravent zones", JSON.stringify(remembered))
  sessionStorage.setItem("paravent", JSON.stringify({ masking }))

  const somebody = faces.map((file) => createImageBitmap(new Blob([Uint8Array.from(atob(file), (c) => c.charCodeAt(0))])))
  let people: ImageBitmap[] = []

  const canvasOf = (): CanvasRenderingContext2D => {
    const pen = Object.assign(document.createElement("canvas"), size).getContext("2d", { willReadFrequently: true })
    if (pen === null) throw new Error("no canvas")
    return pen
  }

  /** A room with somebody, or without anybody: soft colours, and in the secret place stripes of colours that could not differ more. */
  const draw = (pen: CanvasRenderingContext2D): void => {
    const person = people[which]
    if (person !== undefined) pen.drawImage(person, 0, 0)
    else room(pen)
    pen.fillStyle = signal ? "#fff" : "#000"
    const { width, height } = size
    pen.fillRect(SIGNAL.x * width, SIGNAL.y * height, SIGNAL.width * width, SIGNAL.height * height)
  }

  const room = (pen: CanvasRenderingContext2D): void => {
    const walls = pen.createLinearGradient(0, 0, size.width, size.height)
    walls.addColorStop(0, "#b0b8c0")
    walls.addColorStop(1, "#607080")
    pen.fillStyle = walls
    pen.fillRect(0, 0, size.width, size.height)
    const colours = which === 0 ? ["#f00", "#fff"] : ["#00f", "#000"]
    for (let x = secret.left; x < secret.right; x++) {
      pen.fillStyle = colours[x % 2] ?? ""
      pen.fillRect(x, secret.top, 1, secret.bottom - secret.top)
    }
  }

  const real = devices.getUserMedia.bind(devices)
  devices.getUserMedia = async (wanted = {}) => {
    if (wanted.video === undefined || wanted.video === false) return real(wanted)
    const pen = canvasOf()
    people = await Promise.all(somebody)
    draw(pen)
    const stream = pen.canvas.captureStream()
    for (const track of stream.getTracks()) track.getSettings = () => ({ deviceId: "twofold", ...size })
    opened.push(...stream.getTracks())
    const timer = setInterval(() => {
      if (stream.getVideoTracks()[0]?.readyState === "ended") clearInterval(timer)
      else draw(pen)
    }, 50)
    return stream
  }

  const eyes = canvasOf()
  const isSignal = ({ data, width, height }: ImageData): boolean => {
    const [x, y] = [Math.round((SIGNAL.x + SIGNAL.width / 2) * width), Math.round((SIGNAL.y + SIGNAL.height / 2) * height)]
    return (data[4 * (y * width + x)] ?? 0) > 128
  }

  /** The wall in the corner is lighter than all that covers: a picture that is covered whole says nothing. */
  const isOpen = ({ data, width }: ImageData): boolean => people.length === 0 || (data[4 * (8 * width + 8)] ?? 0) > 160

  /** Every bit of the picture counts. */
  const print = async (data: Uint8ClampedArray<ArrayBuffer>): Promise<string> =>
    new Uint8Array(await crypto.subtle.digest("SHA-256", data)).reduce((text, byte) => text + byte.toString(16).padStart(2, "0"), "")

  window.twofold = {
    states: () => opened.map((track) => track.readyState),
    become: (next) =>
      new Promise((done) => {
        const video = document.querySelector<HTMLVideoElement>("video.picture")
        if (video === null) throw new Error("no picture")
        signal = true
        let said = false // the signal is seen; what comes when it is gone again shows the next picture
        let prints: string[] = [] // of the newest frames, which are all the same
        const look = async (): Promise<void> => {
          const [width, height] = [video.videoWidth, video.videoHeight] // as they leave
          if (eyes.canvas.width !== width) Object.assign(eyes.canvas, { width, height })
          eyes.drawImage(video, 0, 0)
          const seen = eyes.getImageData(0, 0, width, height)
          const now = isSignal(seen)
          if (now && !said) {
            said = true
            which = next
            signal = false
          } else if (!isOpen(seen)) prints = []
          else if (said && !now) {
            const own = await print(seen.data)
            prints = prints[0] === own ? [own, ...prints] : [own]
            if (prints.length === FRAMES) return done(own)
          }
          video.requestVideoFrameCallback(look)
        }
        video.requestVideoFrameCallback(look)
      }),
  }
}
