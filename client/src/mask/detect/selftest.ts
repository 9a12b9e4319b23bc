/**
 * Whether the networks work here: a drawn face must be found where it is, by
 * each of them, and none in an empty room. It is drawn from numbers, so that it
 * is the same in every browser and nobody's.
 */

import type { Face } from "../cover/cover.ts"
import type { Pixels } from "../port.ts"

export const WIDTH = 640
export const HEIGHT = 360
/** Where the face is, in pixels. */
const FACE = { x: 262, y: 88, width: 116, height: 156 } as const
const CENTRE = { x: FACE.x + FACE.width / 2, y: FACE.y + FACE.height / 2 }

type Colour = readonly [red: number, green: number, blue: number]

const mix = (a: Colour, b: Colour, part: number): Colour => {
  const p = Math.min(1, Math.max(0, part))
  return [a[0] + (b[0] - a[0]) * p, a[1] + (b[1] - a[1]) * p, a[2] + (b[2] - a[2]) * p]
}

/** 1 within an ellipse, 0 outside, over a soft edge of `soft` of its size. */
const within = (x: number, y: number, cx: number, cy: number, rx: number, ry: number, soft = 0.12): number =>
  Math.min(1, Math.max(0, (1 - Math.hypot((x - cx) / rx, (y - cy) / ry)) / soft))

/** The colour of one place; u and v go from -1 to 1 across the face and down it. */
function colourAt(x: number, y: number, somebody: boolean): Colour {
  const wall: Colour = mix([176, 184, 190], [132, 140, 150], x / WIDTH)
  if (!somebody) return wall
  const u = (x - CENTRE.x) / (FACE.width / 2)
  const v = (y - CENTRE.y) / (FACE.height / 2)
  let c = wall
  // Shoulders, neck, hair behind the face.
  c = mix(c, [44, 56, 92], within(u, v, 0, 3.1, 2.9, 1.75, 0.06))
  c = mix(c, [196, 146, 118], within(u, v, 0, 1.2, 0.52, 0.7, 0.15))
  c = mix(c, [58, 40, 30], within(u, v, 0, -0.32, 1.16, 1.02, 0.1))
  // The face, lit from the left, darker at its edge.
  const skin = mix(mix([236, 190, 160], [206, 152, 124], (u + 1) / 2), [168, 116, 92], Math.hypot(u, v * 0.9) ** 4 * 0.7)
  c = mix(c, skin, within(u, v, 0, 0.06, 0.96, 1.0, 0.08))
  c = mix(c, [58, 40, 30], within(u, v, 0, -1.05, 0.95, 0.42, 0.25))
  for (const side of [-1, 1]) {
    const eye = side * 0.4
    c = mix(c, [176, 122, 98], 0.8 * within(u, v, eye, -0.14, 0.3, 0.17, 0.8)) // the hollow
    c = mix(c, [62, 42, 32], within(u, v, eye, -0.33, 0.27, 0.06, 0.5)) // brow
    c = mix(c, [238, 234, 230], within(u, v, eye, -0.13, 0.18, 0.075, 0.4))
    c = mix(c, [48, 34, 28], within(u, v, eye, -0.13, 0.085, 0.08, 0.4))
    c = mix(c, [70, 46, 36], 0.8 * within(u, v, eye, -0.2, 0.2, 0.03, 0.6)) // lid
    c = mix(c, [120, 74, 58], 0.8 * within(u, v, side * 0.11, 0.3, 0.07, 0.04, 0.8)) // nostril
    c = mix(c, [216, 150, 126], 0.5 * within(u, v, side * 0.5, 0.3, 0.26, 0.24, 1)) // cheek
  }
  c = mix(c, [246, 206, 178], 0.7 * within(u, v, -0.02, 0.05, 0.08, 0.3, 1)) // ridge of the nose
  c = mix(c, [172, 116, 92], 0.8 * within(u, v, 0.04, 0.33, 0.2, 0.07, 0.9))
  c = mix(c, [186, 92, 88], within(u, v, 0, 0.58, 0.32, 0.1, 0.4)) // lips
  c = mix(c, [104, 44, 44], within(u, v, 0, 0.575, 0.27, 0.022, 0.5))
  return mix(c, [184, 130, 106], 0.6 * within(u, v, 0, 0.74, 0.2, 0.05, 1)) // shade below them
}

/** The picture: somebody, or the room without them. */
export function picture(somebody: boolean): Pixels {
  const data = new Uint8ClampedArray(WIDTH * HEIGHT * 4)
  for (let y = 0, i = 0; y < HEIGHT; y++)
    for (let x = 0; x < WIDTH; x++, i += 4) {
      data.set(colourAt(x, y, somebody), i)
      data[i + 3] = 255
    }
  return { data, width: WIDTH, height: HEIGHT }
}

/** Whether one of these is the face of the picture: over its middle, and about as large. */
export const finds = (faces: readonly Face[]): boolean =>
  faces.some(
    ({ x, y, width, height }) =>
      x < CENTRE.x - FACE.width / 4 &&
      x + width > CENTRE.x + FACE.width / 4 &&
      y < CENTRE.y - FACE.height / 8 &&
      y + height > CENTRE.y + FACE.height / 4 &&
      width < 2 * FACE.width &&
      height < 2 * FACE.height,
  )
