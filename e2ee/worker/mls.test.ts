import assert from "node:assert/strict"
import test from "node:test"
import * as mls from "./mls.ts"

const id = (n: number) => new Uint8Array(33).fill(n)
const psk = { id: Uint8Array.of(1), secret: new Uint8Array(32).fill(9) }
const none = new Uint8Array()

async function newcomer(n: number): Promise<mls.Own> {
  return mls.keyPackage(id(n), await mls.signer())
}

async function agree(...groups: readonly mls.Group[]): Promise<void> {
  const [first, ...others] = groups
  assert.ok(first)
  for (const other of others) {
    assert.deepEqual(mls.authenticator(other), mls.authenticator(first))
    assert.deepEqual(await mls.exporter(other, "x", none, 32), await mls.exporter(first, "x", none, 32))
  }
}

test("three join, one leaves", async () => {
  const [a, b, c] = [await newcomer(1), await newcomer(2), await newcomer(3)]
  let ga = await mls.create(id(0), a)
  const adds = [await mls.readKeyPackage(b.message), await mls.readKeyPackage(c.message)]
  const first = await mls.commit(ga, { adds, removes: [], psk, authenticatedData: none })
  ga = first.next
  let gb = (await mls.join(first.welcome ?? none, [b], [psk])).group
  const gc = (await mls.join(first.welcome ?? none, [c], [psk])).group
  await agree(ga, gb, gc)
  const second = await mls.commit(gc, { adds: [], removes: [0], psk, authenticatedData: none })
  const incoming = mls.readCommit(second.commit)
  gb = (await mls.process(gb, incoming, psk)) as mls.Group
  assert.equal(await mls.process(ga, incoming, psk), null)
  await agree(gb, second.next)
})
