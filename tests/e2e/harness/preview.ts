/** Somebody before joining, whose masked preview is looked at. */

import type { Kind } from "./browsers.ts"
import { type Meeting, newMeeting } from "./meeting.ts"
import type { Person } from "./person.ts"
import { playing } from "./played.ts"

/** With a camera of so many times 640x360 that plays pictures, and masking, once the picture is there; `calm`: with fewer frames, and looked at less often. */
export async function masked(
  meeting: Meeting,
  kind: Kind,
  times: number,
  calm?: { readonly fps: number; readonly every: number },
): Promise<Person> {
  const person = await meeting.arrive(kind, { number: 1, name: "Ada", scripts: [playing(times, calm?.fps)] })
  await newMeeting(person, meeting.server.origin)
  await person.click("Start as moderator")
  await person.click("Mask faces")
  await person.click("Turn on camera")
  await person.until("sees the masked picture", () =>
    person.page.evaluate((every) => {
      const video = document.querySelector<HTMLVideoElement>(".preview video")
      if (video === null || video.videoWidth === 0) return false
      window.played.watch(video, every)
      return true
    }, calm?.every ?? 1),
  )
  await person.until("is masked", async () => /\bmasked\b/i.test(await person.text()))
  return person
}
