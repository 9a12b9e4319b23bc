/** The same camera masked in both browsers: what is covered of each picture is the same. */

import assert from "node:assert/strict"
import test from "node:test"
import { picture } from "../../client/src/mask/detect/selftest.ts"
import type { Pixels } from "../../client/src/mask/port.ts"
import { KINDS, type Kind } from "./harness/browsers.ts"
import { newMeeting, turn } from "./harness/meeting.ts"
import { CELL, COLUMNS, playing } from "./harness/played.ts"
import { png } from "./harness/png.ts"
import { stage } from "./harness/stage.ts"

const at = stage()

/** The drawn face elsewhere: so many pixels further to the right and down, and the picture so many times as large. */
function moved(x: number, y: number, times: number): Pixels {
  const { data, width, height } = picture(true)
  const out = new Uint8ClampedArray(data.length)
  for (let v = 0; v < height; v++)
    for (let u = 0; u < width; u++) {
      const [from, row] = [Math.round((u - x - width / 2) / times + width / 2), Math.round((v - y - height / 2) / times + height / 2)]
      const i = 4 * (Math.min(height - 1, Math.max(0, row)) * width + Math.min(width - 1, Math.max(0, from)))
      out.set(data.subarray(i, i + 4), 4 * (v * width + u))
    }
  return { data: out, width, height }
}

const PICTURES = [moved(0, 0, 1), moved(-170, 20, 0.6), moved(150, -60, 0.4), moved(30, 60, 1.6)]
const ENOUGH = 5 // frames of a picture

/** The edges of what is covered of each picture once it stands still, in pixels: left, top, right, bottom. */
async function edges(kind: Kind): Promise<number[][]> {
  const meeting = at.meeting()
  const ada = await meeting.arrive(kind, { number: 71, name: "Ada", scripts: [playing()] })
  await newMeeting(ada, meeting.server.origin)
  await ada.click("Start as moderator")
  await ada.click("Mask faces")
  await turn(ada, "camera", true)
  await ada.until("sees a picture", () =>
    ada.page.evaluate(() => {
      const video = document.querySelector<HTMLVideoElement>("video.picture")
      if (video !== null) window.played.watch(video)
      return video !== null
    }),
  )
  const all: number[][] = []
  for (const file of PICTURES.map(png)) {
    await ada.page.evaluate((p) => window.played.load([p]), file)
    // Until nothing is left of what was covered in the picture before, and for some frames more.
    let last = ""
    const cells = await ada.until("sees the same of it again and again", async () => {
      const [seen] = await ada.page.evaluate(() => window.played.take())
      if (seen === undefined || seen.frames < ENOUGH) return undefined
      const same = seen.cells === last
      last = seen.cells
      return same && seen.cells
    })
    const covered = [...cells].flatMap((c, i) => (c === "1" ? [[i % COLUMNS, Math.floor(i / COLUMNS)] as const] : []))
    const [xs, ys] = [covered.map(([x]) => x), covered.map(([, y]) => y)]
    all.push([Math.min(...xs), Math.min(...ys), Math.max(...xs) + 1, Math.max(...ys) + 1].map((n) => n * CELL))
  }
  await meeting.end()
  return all
}

test("masks are the same in Chromium and Firefox", async () => {
  const [one, other] = [await edges(KINDS[0] as Kind), await edges(KINDS[1] as Kind)]
  // Masks lie on a grid of 16 pixels and what is seen on one of four: what is the same is so to the pixel.
  assert.deepEqual(other, one)
  for (const [left, top, right, bottom] of one as [number, number, number, number][])
    assert.ok(right - left < 400 && bottom - top <= 360 && right > left, `covers ${left}, ${top} to ${right}, ${bottom}`)
})
