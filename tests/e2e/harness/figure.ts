/**
 * Eyes that say how much of the drawn person, head to shoulders, is to be seen
 * in somebody's picture. Runs inside the page, as source text; the application
 * knows nothing of it.
 */

import { picture } from "../../../client/src/mask/detect/selftest.ts"
import { png } from "./png.ts"

/** What was seen since it was last asked. */
interface Parts {
  readonly open: number // frames that show the room
  readonly most: number // the largest part of the person that one of them shows, 0..1
}

/** window.figure */
export interface Figure {
  /** Looks at every frame of this person's tile from now on. */
  watch(name: string): void
  take(): Parts
}

declare global {
  interface Window {
    figure: Figure
  }
}

/** The script that gives a page these eyes. */
export const figuring = (): string => `(${inside.toString()})(${JSON.stringify([png(picture(true)), png(picture(false))])})`

function inside(files: readonly string[]): void {
  const [WIDTH, HEIGHT] = [160, 90] // in which pictures are compared
  const ANOTHER = 24 // of 255: what differs by more is somebody, not the room
  const SAME = 14 // what differs by no more has that colour, after a codec
  const drawn = files.map((file) => createImageBitmap(new Blob([Uint8Array.from(atob(file), (c) => c.charCodeAt(0))])))
  const pen = Object.assign(document.createElement("canvas"), { width: WIDTH, height: HEIGHT }).getContext("2d", {
    willReadFrequently: true,
  })
  if (pen === null) throw new Error("no canvas")
  const pixels = (source: CanvasImageSource): Uint8ClampedArray => {
    pen.drawImage(source, 0, 0, WIDTH, HEIGHT)
    return pen.getImageData(0, 0, WIDTH, HEIGHT).data
  }
  /** How far two colours are apart, at most, in one of red, green, blue. */
  const far = (a: ArrayLike<number>, b: ArrayLike<number>, i: number): number =>
    Math.max(...[0, 1, 2].map((c) => Math.abs((a[4 * i + c] ?? 0) - (b[4 * i + c] ?? 0))))

  let seen = { open: 0, most: 0 }
  const known = Promise.all(drawn).then((all) => {
    const [person, room] = all.map(pixels)
    if (person === undefined || room === undefined) throw new Error("no pictures")
    // A soft edge between shoulder and wall has the very colour that covers: there nothing can be told apart.
    const cover = Array.from({ length: WIDTH * HEIGHT }, () => [0x46, 0x55, 0x6b, 255]).flat()
    const body = Array.from({ length: WIDTH * HEIGHT }, (_, i) => i).filter(
      (i) => far(person, room, i) > ANOTHER && far(person, cover, i) > ANOTHER,
    )
    return { person, room, body }
  })

  window.figure = {
    watch(name) {
      const look = async (): Promise<void> => {
        const { person, room, body } = await known
        const video = document.querySelector<HTMLVideoElement>(`[data-name="${name}"] video`)
        if (video !== null && video.videoWidth > 2) {
          const is = pixels(video)
          const corner = 20 * WIDTH + 150 // of the room, away from everybody
          if (far(is, room, corner) <= SAME) {
            const shown = body.filter((i) => far(is, person, i) <= SAME).length / body.length
            seen = { open: seen.open + 1, most: Math.max(seen.most, shown) }
          }
        }
        requestAnimationFrame(() => void look())
      }
      void look()
    },
    take() {
      const now = seen
      seen = { open: 0, most: 0 }
      return now
    },
  }
}
