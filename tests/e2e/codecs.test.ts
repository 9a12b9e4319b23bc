/** Each codec that Settings offers arrives as that codec, and its picture is right. */

import assert from "node:assert/strict"
import test from "node:test"
import type { Kind } from "./harness/browsers.ts"
import { chooseCodec, turn } from "./harness/meeting.ts"
import type { Person } from "./harness/person.ts"
import { stage } from "./harness/stage.ts"

const at = stage()

/** From one browser to the other, both ways, each codec is seen in blind.test.ts. */
const pairs: readonly (readonly [Kind, Kind])[] = [
  ["chromium", "chromium"],
  ["firefox", "firefox"],
]

/** Frames that this person has decoded in one codec. */
const decoded = async (person: Person, codec: string): Promise<number> =>
  (await person.streams()).reduce((sum, s) => (s.side === "receive" && s.codec === `video/${codec}` ? sum + s.frames : sum), 0)

for (const [one, other] of pairs) {
  test(`VP8, VP9 and AV1 between ${one} and ${other}`, async () => {
    const meeting = at.meeting()
    const ada = await meeting.host(one, { number: 21, name: "Ada" }, {})
    const bob = await meeting.guest(other, { number: 22, name: "Bob" }, {})
    for (const codec of ["VP8", "VP9", "AV1"] as const) {
      for (const person of [ada, bob]) {
        await chooseCodec(person, codec)
        await turn(person, "camera", true)
      }
      for (const [person, from] of [
        [ada, bob],
        [bob, ada],
      ] as const) {
        await person.sees(from)
        const before = await decoded(person, codec)
        await person.until(`decodes ${codec}`, async () => (await decoded(person, codec)) >= before + 15)
      }
      for (const person of [ada, bob]) await turn(person, "camera", false)
      await ada.seesNoPictureOf(bob)
      await bob.seesNoPictureOf(ada)
    }
    for (const person of [ada, bob]) {
      const anew = (await person.sent()).filter((text) => text.includes('"t":"publish"') && text.includes('"restart":true'))
      assert.ok(anew.length <= 4, `${person.name} made ${anew.length} connections for one start and three choices`)
    }
    await meeting.end()
  })
}
