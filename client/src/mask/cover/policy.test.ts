import assert from "node:assert/strict"
import test from "node:test"
import { Camera, covers, FACE, FRAME_MS, HEIGHT, luma, still, WIDTH } from "./camera.ts"
import type { Face } from "./cover.ts"
import { Policy } from "./policy.ts"

test("a face that is found is covered, with its margins, on the grid", () => {
  const camera = new Camera()
  camera.frames(20, [FACE])
  const cover = camera.cover(12)
  assert.ok(!cover.all)
  assert.equal(cover.masks.length, 1)
  assert.deepEqual(cover.masks[0], { x: 256, y: 64, width: 96, height: 144, track: 1 })
})

test("rule 1: before the first frame that all networks have searched everything is covered", () => {
  const camera = new Camera()
  camera.frames(10, [FACE], { full: null })
  assert.ok(camera.out.length > 3)
  assert.ok(camera.out.every(({ cover }) => cover.all && cover.why === "loading"))
})

test("rule 2: a frame without a result of its own leaves all covered, and late", () => {
  const camera = new Camera()
  camera.frames(20, [FACE])
  const id = camera.frame(null)
  camera.frames(8, [FACE])
  assert.ok(!camera.out.some((frame) => frame.id === id), "it waits")
  camera.frames(6, [FACE])
  assert.equal(camera.why(id), "late")
  assert.equal(camera.why(id + 1), "open", "those after it have theirs")
})

test("rule 2: networks that are silent let nothing out", () => {
  const camera = new Camera()
  camera.frames(20, [FACE])
  const from = camera.n
  camera.frames(60, null)
  camera.wait(1000)
  for (let id = from; id < camera.n; id++) assert.equal(camera.cover(id).all, true)
})

test("rule 2: slow networks that fall silent cover everything, until they begin anew", () => {
  const camera = new Camera()
  camera.frames(20, [FACE])
  camera.frames(80, [FACE], { full: null })
  assert.equal(camera.cover(camera.n - 5).all, true)
  camera.policy.fault()
  camera.frames(10, [FACE])
  assert.equal(camera.why(camera.n - 5), "open")
})

test("rule 3: a face that is found no more stays covered for its hold, and the cover never shrinks meanwhile", () => {
  const camera = new Camera()
  camera.frames(20, [FACE])
  const from = camera.n
  camera.frames(100, [])
  let area = 0
  for (let id = from; id < from + 60; id++) {
    const cover = camera.cover(id)
    assert.ok(!cover.all && covers(cover, FACE), `${id - from} frames later`)
    const now = (cover.masks[0]?.width ?? 0) * (cover.masks[0]?.height ?? 0)
    assert.ok(now >= area)
    area = now
  }
  const late = camera.cover(from + 90)
  assert.ok(!late.all && late.masks.length === 0)
})

test("rule 3: a face at the edge is held for 30 frames, one that was hardly found for 10", () => {
  for (const [found, hold] of [
    [12, 30],
    [1, 10],
  ] as const) {
    const camera = new Camera()
    camera.frames(10, [])
    const edge = { ...FACE, x: -10 }
    camera.frames(found, [edge])
    const last = camera.n - 1
    camera.frames(60, [])
    assert.ok(covers(camera.cover(last + hold), { ...edge, x: 0, width: 50 }), `${hold} frames`)
    const after = camera.cover(last + hold + 2)
    assert.ok(!after.all && after.masks.length === 0, `and not for ever after ${found}`)
  }
})

test("rule 3: a new face is covered in the frames that still wait, too", () => {
  const camera = new Camera()
  camera.frames(20, [])
  const id = camera.frame([])
  camera.frame([])
  camera.frame([FACE])
  camera.frames(5, [])
  assert.ok(covers(camera.cover(id), FACE))
})

test("rule 3: what is seen weakly is covered in the frames that still wait, from the first on that showed it", () => {
  const camera = new Camera()
  camera.frames(20, [])
  const from = camera.n
  const weak: Face = { ...FACE, score: 0.35, weak: true }
  for (let i = 0; i < 12; i++) camera.frame(i % 3 === 0 ? [weak] : [], { full: null })
  camera.frames(6, [])
  for (let id = from; id < from + 12; id++) assert.ok(covers(camera.cover(id), FACE), `frame ${id - from}`)
})

test("rule 3: what all networks see weakly counts at once in a new scene, and otherwise when they see it twice", () => {
  const weak: Face = { ...FACE, score: 0.25, weak: true }
  const camera = new Camera()
  camera.frame([], { full: [weak] })
  camera.frames(10, [], { full: [] })
  assert.ok(covers(camera.cover(1), FACE))
  camera.frames(60, [], { full: [] })
  const seen = (looks: readonly boolean[]): boolean => {
    const from = camera.n
    for (const look of looks) {
      while (!camera.policy.wants(camera.frame([], { full: look ? [weak] : [] })).full);
    }
    camera.frames(6, [], { full: [] })
    return camera.out.some(({ id, cover }) => id >= from && covers(cover, FACE))
  }
  assert.equal(seen([true, false]), false)
  assert.equal(seen([false, false, true, true]), true)
})

test("rule 3: what the slow networks find late is covered from then on, and in the frames that wait", () => {
  const camera = new Camera()
  camera.frames(20, [])
  let asked = camera.frame([], { full: null })
  while (!camera.policy.wants(asked).full) asked = camera.frame([], { full: null })
  camera.frames(2, [], { full: null })
  camera.policy.full(asked, [FACE])
  camera.frames(6, [])
  for (let id = asked; id < asked + 6; id++) assert.ok(covers(camera.cover(id), FACE), `frame ${id - asked}`)
})

test("rule 4: another scene is covered until all networks have searched a frame of it", () => {
  const camera = new Camera()
  camera.frames(20, [FACE])
  const cut = camera.frame([FACE], { light: luma(0, 180), full: null })
  camera.policy.full(cut - 1, [FACE])
  camera.frames(9, [FACE], { light: luma(0, 180), full: null })
  assert.equal(camera.why(cut - 1), "open")
  assert.equal(camera.why(cut), "checking")
  assert.equal(camera.why(cut + 5), "checking")
  camera.policy.full(cut, [FACE])
  camera.frames(9, [FACE], { light: luma(0, 180) })
  assert.equal(camera.why(cut + 9), "open")
})

test("rule 4: another size, a turned camera, a sleep and another camera are covered until they were searched", () => {
  for (const change of ["size", "height", "sleep", "reset"] as const) {
    const camera = new Camera()
    camera.frames(20, [FACE])
    if (change === "sleep") camera.now += 1500
    if (change === "reset") camera.policy.reset("checking")
    const size = change === "size" ? { width: HEIGHT, height: WIDTH } : change === "height" ? { height: 480 } : {}
    const id = camera.n
    camera.frames(6, [FACE], { ...size, full: null })
    camera.policy.full(id, [FACE])
    camera.frames(6, [FACE], size)
    assert.equal(camera.why(id), "checking", change)
    assert.equal(camera.why(camera.n - 4), "open", change)
  }
})

test("rule 5: what is too dark, or too noisy, is covered whole, and until it is clearly lighter", () => {
  const camera = new Camera()
  camera.frames(20, [FACE])
  camera.frames(10, [], { light: luma(0, 8) })
  assert.equal(camera.why(camera.n - 5), "dark")
  camera.frames(10, [], { light: luma(0, 11) })
  assert.equal(camera.why(camera.n - 5), "dark", "a little lighter is not enough")
  camera.frames(10, [FACE], { light: luma(0, 20) })
  assert.equal(camera.why(camera.n - 5), "open")
  camera.frames(10, [FACE], { light: luma(0, 20), noise: 10 })
  assert.equal(camera.why(camera.n - 5), "dark", "brightened noise")
})

test("rule 5: what comes after the dark is another scene", () => {
  const camera = new Camera()
  camera.frames(20, [FACE])
  camera.frames(10, [], { light: luma(0, 8) })
  const id = camera.n
  camera.frames(6, [FACE], { light: luma(0, 20), full: null })
  assert.equal(camera.why(id), "checking")
})

test("rule 6: a person without a face for 15 frames is covered at the top", () => {
  const likely = new Uint8Array(16 * 9)
  for (let y = 2; y < 9; y++) likely.fill(255, y * 16 + 4, y * 16 + 10)
  const person = { columns: 16, rows: 9, likely }
  const camera = new Camera()
  camera.frames(60, [], { person })
  const cover = camera.cover(50)
  assert.ok(covers(cover, { x: 160, y: 80, width: 240, height: 112 }) && !cover.all)
  const faced = new Camera()
  faced.frames(60, [FACE], { person })
  const open = faced.cover(50)
  assert.ok(!open.all && open.masks.length === 1, "with a face nothing is added")
})

test("a still scene costs a quarter, and a frame that differs is looked at again", () => {
  const camera = new Camera()
  camera.frames(90, [FACE], { light: still })
  const looks = [...camera.looked].filter((id) => id >= 30).length
  assert.equal(looks, 15)
  assert.ok(camera.out.filter(({ id }) => id > 10).every(({ cover }) => !cover.all && covers(cover, FACE)))
  const moved = still.slice()
  moved[100] = 103
  for (let i = 0; i < 6; i++) {
    const id = camera.frame([FACE], { light: i % 2 ? still : moved })
    assert.ok(camera.looked.has(id))
  }
})

test("a scene that somebody has run out of is a still one too", () => {
  const camera = new Camera()
  for (let n = 0; n < 10; n++) camera.frame([{ ...FACE, x: 100 + 20 * n }])
  camera.frames(30, [], { light: still })
  const from = camera.n
  camera.frames(40, [], { light: still })
  assert.equal([...camera.looked].filter((id) => id >= from).length, 10)
})

test("a still scene is covered alike, however slow the camera and the networks are", () => {
  const larger = { ...FACE, x: 250, y: 70, width: 110, height: 130 } // one network takes it for
  const covered = new Set<string>()
  for (const fps of [30, 15, 5, 2])
    for (const late of [0, 0.2, 0.5, 1.4]) {
      const policy = new Policy()
      const answers: { at: number; say: () => void }[] = []
      for (let id = 0; id < 20 * fps; id++) {
        const at = id / fps
        policy.arrive({ id, at: 1000 * at, width: WIDTH, height: HEIGHT, luma: still })
        if (policy.wants(id).fast) policy.fast(id, [FACE])
        if (policy.wants(id).full) answers.push({ at: at + late, say: () => policy.full(id, [larger]) })
        if (policy.wants(id).person)
          answers.push({ at: at + late, say: () => policy.person(id, { columns: 1, rows: 1, likely: new Uint8Array(1) }) })
        while (answers[0] && answers[0].at <= at) answers.shift()?.say()
        for (const { cover } of policy.release(1000 * at)) if (at > 5) covered.add(JSON.stringify(cover))
      }
    }
  assert.equal(covered.size, 1, [...covered].join("\n"))
})

test("somebody who comes into a still scene is covered from the first frame on, although only all networks find them", () => {
  const small = { ...FACE, x: 100, y: 100, width: 12, height: 14 }
  for (const late of [3, 5, Number.POSITIVE_INFINITY]) {
    const camera = new Camera()
    camera.frames(60, [FACE], { light: still })
    const from = camera.n
    let asked = -1
    for (let i = 0; i < 20; i++) {
      const id = camera.frame([FACE], { full: null, light: luma(camera.n, 104) })
      if (asked < 0 && camera.policy.wants(id).full) asked = id
      if (id === asked + late) camera.policy.full(asked, [FACE, small])
    }
    assert.ok(asked >= from)
    const first = camera.out.filter(({ id }) => id >= from && id < from + 3)
    assert.equal(first.length, 3)
    if (late < 20) assert.ok(first.every(({ cover }) => !cover.all && covers(cover, small)))
    else
      assert.ok(
        first.every(({ at, id }) => at - (id + 1) * FRAME_MS < 201),
        "they do not wait for ever",
      )
  }
})

test("frames wait for a tenth of a second, and three younger results", () => {
  const camera = new Camera()
  camera.frames(60, [FACE])
  for (const { id, at } of camera.out.slice(30)) assert.ok(at - (id + 1) * FRAME_MS <= 3 * FRAME_MS + 1)
})

test("a machine that does not keep up pushes frames out covered: the line is bounded", () => {
  const camera = new Camera()
  camera.frames(20, [FACE])
  for (let i = 0; i < 100; i++) {
    camera.policy.arrive({ id: camera.n++, at: camera.now + i, width: WIDTH, height: HEIGHT, luma: luma(i) })
    camera.leave()
  }
  assert.equal(camera.policy.waiting, 24)
  assert.ok(camera.out.slice(20).every(({ cover }) => cover.all && cover.why === "late"))
})

test("a whole person that is to be covered needs a silhouette for each frame", () => {
  const camera = new Camera(new Policy({ body: true }))
  camera.frames(20, [FACE])
  const cover = camera.cover(10)
  assert.ok(!cover.all && cover.person)
  const id = camera.n
  camera.policy.arrive({ id, at: camera.now + 1, width: WIDTH, height: HEIGHT, luma: luma(0) })
  camera.policy.fast(id, [FACE])
  camera.wait(500)
  assert.equal(camera.why(id), "late")
})
