/** A shared screen: shown large to the others, under the name of who shares, and gone when it ends. */

import assert from "node:assert/strict"
import test from "node:test"
import { KINDS } from "./harness/browsers.ts"
import type { Person } from "./harness/person.ts"
import { stage } from "./harness/stage.ts"

const at = stage()

/** A headless browser has no screen worth looking at: it is given a red one with a moving bar. */
const giveScreen = (person: Person): Promise<void> =>
  person.page.evaluate(() => {
    navigator.mediaDevices.getDisplayMedia = async () => {
      const canvas = document.createElement("canvas")
      canvas.width = 640
      canvas.height = 360
      const brush = canvas.getContext("2d")
      if (brush === null) throw new Error("no canvas")
      let at = 0
      setInterval(() => {
        brush.fillStyle = "#d00000"
        brush.fillRect(0, 0, 640, 360)
        brush.fillStyle = "#ffffff"
        at = (at + 8) % 640
        brush.fillRect(at, 0, 24, 40)
      }, 50)
      return canvas.captureStream()
    }
  })

/** Whether the middle of a screen shown to this person is red; null when none is shown. */
const redScreen = (person: Person): Promise<boolean | null> =>
  person.page.evaluate(() => {
    const video = document.querySelector<HTMLVideoElement>("[data-screen] video")
    if (video === null || video.videoWidth === 0) return null
    const canvas = document.createElement("canvas")
    canvas.width = canvas.height = 1
    const brush = canvas.getContext("2d")
    brush?.drawImage(video, video.videoWidth / 2, video.videoHeight / 2, 1, 1, 0, 0, 1, 1)
    const [r = 0, g = 255, b = 255] = brush?.getImageData(0, 0, 1, 1).data ?? []
    return r > 150 && g < 80 && b < 80
  })

for (const [one, other] of [KINDS, [...KINDS].reverse()]) {
  test(`a screen shared in ${one} is seen in ${other}, and gone when it ends`, async () => {
    assert.ok(one !== undefined && other !== undefined)
    const meeting = at.meeting()
    const ada = await meeting.host(one, { number: 61, name: "Ada" }, {})
    const bob = await meeting.guest(other, { number: 62, name: "Bob" }, {})
    await bob.seesPeople("Ada", "Bob")

    await giveScreen(ada)
    await ada.click("Share screen")
    await bob.until("sees the screen", async () => (await redScreen(bob)) === true)
    const owner = await bob.page.evaluate(() => document.querySelector<HTMLElement>("[data-screen]")?.textContent ?? "")
    assert.match(owner, /Ada/, "whose screen it is")

    await ada.click("Stop sharing")
    await bob.until("sees no screen", () => bob.page.evaluate(() => document.querySelector("[data-screen]") === null))
    await ada.click("Share screen")
    await bob.until("sees the screen again", async () => (await redScreen(bob)) === true)
    await meeting.end()
  })
}
