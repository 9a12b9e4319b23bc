/** Chromium and Firefox cover the same pixels of the same pictures. */

import assert from "node:assert/strict"
import test from "node:test"
import { HEIGHT, picture, WIDTH } from "../../client/src/mask/detect/selftest.ts"
import type { Pixels } from "../../client/src/mask/port.ts"
import type { Kind } from "./harness/browsers.ts"
import { COLUMNS, ROWS } from "./harness/played.ts"
import { png } from "./harness/png.ts"
import { masked } from "./harness/preview.ts"
import { stage } from "./harness/stage.ts"

const at = stage()

/**
 * What is covered in a while is all that any network wants covered: in a still scene they take turns of 24 frames, and a
 * cover keeps its room for longer. Two such whiles with the same cover, and it has settled.
 */
const WHILE = { looks: 5, ms: 1600 }

/** To draw and to look costs the browser more than to mask. */
const CALM = { fps: 15, every: 4 }

/** The room with the drawn face, `by` times as large and moved by so many pixels. */
function somewhere(by: number, dx: number, dy: number): Pixels {
  const from = new Uint32Array(picture(true).data.buffer)
  const to = new Uint32Array(WIDTH * HEIGHT)
  const source = (at: number, size: number, moved: number): number =>
    Math.min(size - 1, Math.max(0, Math.round((at - size / 2 - moved) / by + size / 2)))
  for (let y = 0; y < HEIGHT; y++)
    for (let x = 0; x < WIDTH; x++) to[y * WIDTH + x] = from[source(y, HEIGHT, dy) * WIDTH + source(x, WIDTH, dx)] ?? 0
  return { data: new Uint8ClampedArray(to.buffer), width: WIDTH, height: HEIGHT }
}

const PICTURES = [
  somewhere(0.3, -60, -50),
  somewhere(1.3, 290, 0), // cut by the edge
].map(png)

/** What is covered of a picture once it has stood for a while, before somebody new: nothing is held of a picture before. */
async function covered(kind: Kind, times: number, shown: string): Promise<ReadonlySet<number>> {
  const meeting = at.meeting()
  const person = await masked(meeting, kind, times, CALM)
  await person.page.evaluate((p) => window.played.load(p), [shown])
  let before = ""
  let now = new Set<number>()
  let looks = 0
  let since = performance.now()
  const cells = await person.until("sees the picture settle", async () => {
    for (const s of await person.page.evaluate(() => window.played.take())) {
      looks += s.frames
      for (let n = 0; n < s.cells.length; n++) if (s.cells[n] === "1") now.add(n)
    }
    if (looks < WHILE.looks || performance.now() - since < WHILE.ms) return undefined
    const all = [...now].sort((a, b) => a - b).join()
    const settled = before === all && now
    before = all
    now = new Set()
    looks = 0
    since = performance.now()
    return settled
  })
  await meeting.end()
  return cells
}

for (const times of [1, 3])
  for (const [i, shown] of PICTURES.entries())
    test(`two browsers cover the same of picture ${i} in ${times * WIDTH}x${times * HEIGHT}`, async () => {
      const [one, other] = [await covered("chromium", times, shown), await covered("firefox", times, shown)]
      const part = one.size / (COLUMNS * ROWS)
      assert.ok(part > 0.005 && part < 0.9, `${part} of it is covered`)
      const differ = [...new Set([...one, ...other])].filter((n) => one.has(n) !== other.has(n))
      assert.deepEqual(
        differ.map((n) => `${n % COLUMNS}|${Math.floor(n / COLUMNS)}`),
        [],
      )
    })
