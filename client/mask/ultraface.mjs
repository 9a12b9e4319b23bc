/**
 * UltraFace version-RFB-320 for pictures of any size. Its file ends in boxes,
 * made with anchors for 320 x 240 that are baked in. Here it ends before them:
 * two scores and four numbers of a box for each anchor; what follows from these
 * is done by client/src/mask/detect/ultraface.ts.
 */

import { fieldsOf, model, rawField } from "./onnx.mjs"

const [GRAPH, NODE, INITIALIZER, OUTPUT, INITIALIZER_NAME] = [7, 1, 5, 2, 8]
const OPSET = 9 // of the file
/** Names in the file: of what is left, and where it ends. */
const SCORES = "scores"
const DELTAS = "462"

/** `file` is version-RFB-320 as ONNX; the result likewise. */
export function anySize(file) {
  const graph = fieldsOf(file).find(([field]) => field === GRAPH)?.[1]
  if (graph === undefined) throw new Error("the face detector's file has no graph")
  const fields = fieldsOf(graph)
  const names = (node, field) => fieldsOf(node).flatMap(([f, v]) => (f === field ? [v.toString()] : []))
  // Backwards from what is wanted: only what leads to it stays.
  const wanted = new Set([SCORES, DELTAS])
  const kept = []
  for (const [field, node] of fields.toReversed()) {
    if (field !== NODE || !names(node, OUTPUT).some((name) => wanted.has(name))) continue
    kept.unshift(rawField(NODE, node))
    for (const name of names(node, 1)) wanted.add(name)
  }
  const tensors = fields.filter(([field, value]) => field === INITIALIZER && wanted.has(names(value, INITIALIZER_NAME)[0]))
  return model({
    name: "ultraface",
    opset: OPSET,
    nodes: kept,
    tensors: tensors.map(([, value]) => rawField(INITIALIZER, value)),
    inputs: [["input", [1, 3, "height", "width"]]],
    outputs: [
      [SCORES, [1, "anchors", 2]],
      [DELTAS, [1, "anchors", 4]],
    ],
  })
}
