/** Zones are drawn here, over the picture as the others see it: with a pointer, or with keys alone (zones-edit.ts). */

import type { VNode } from "preact"
import { useState } from "preact/hooks"
import type { State } from "../call/state.ts"
import type { Zone, Zones } from "../mask/treatment.ts"
import { Dialog } from "./dialog.tsx"
import { Drawn } from "./icons.tsx"
import { Button, Switch } from "./parts.tsx"
import { Confirmation, ofScreen, ScreenConfirmation, StandingSign, Told } from "./standing.tsx"
import type { View } from "./view.ts"
import { added, coversAll, type Grip, MIDDLE, mirrored, type Shape, without, ZONES_MAX } from "./zones-edit.ts"
import { ZonesStage } from "./zones-stage.tsx"

const shapes: readonly Shape[] = ["rectangle", "polygon"]

type Of = "camera" | "screen"

const pictureOf = ({ stage, tiles }: State, of: Of): MediaStream | null => {
  if (stage.at === "prejoin") return of === "camera" ? stage.preview : null
  const own = tiles.find((tile) => tile.self)
  return (of === "camera" ? own?.video : own?.screen) ?? null
}

interface Props {
  readonly view: View
  readonly of: Of
  readonly onClose: () => void
}

export const ZonesDialog = ({ view, of, onClose }: Props): VNode => {
  const { state, act, say } = view
  const { camera, screen, standing, screenStanding } = state.masking
  const zones = of === "camera" ? camera.zones : screen
  // One's own camera is seen mirrored, and is drawn on as it is seen.
  const turned = (all: readonly Zone[]): readonly Zone[] => (of === "camera" ? mirrored(all) : all)
  const seen = turned(zones.zones)
  const [shape, setShape] = useState<Shape>("rectangle")
  const [selected, setSelected] = useState<Grip | null>(null)
  const [aspect, setAspect] = useState<number | null>(null)
  const set = (next: Zones): void =>
    act(of === "camera" ? { do: "treat", change: { zones: next } } : { do: "zones-screen", zones: ofScreen(next, aspect) })
  const draw = (next: readonly Zone[]): void => set({ ...zones, zones: turned(next) })
  const add = (): void => {
    const next = added(seen, MIDDLE)
    draw(next)
    setSelected({ zone: next.at(-1)?.id ?? 0, corner: null })
  }
  const stage = { seen, shape, selected, inverse: zones.inverse, full: seen.length >= ZONES_MAX, onAspect: setAspect }
  return (
    <Dialog kind="zones" label={say(`zones.${of}-title`)} onClose={onClose}>
      <header class="panel-head">
        <h2>{say(`zones.${of}-title`)}</h2>
        <button type="button" class="icon-button" aria-label={say("close")} onClick={onClose}>
          <Drawn icon="close" />
        </button>
      </header>
      <ZonesStage view={view} picture={pictureOf(state, of)} mirrored={of === "camera"} {...stage} onDraw={draw} onSelect={setSelected}>
        {of === "camera" && <StandingSign {...view} />}
        {of === "camera" && <Told {...view} />}
      </ZonesStage>
      <div class="zones-tools">
        {of === "camera" && standing.is === "zones" && <Confirmation {...view} />}
        {of === "screen" && screenStanding.is === "zones" && <ScreenConfirmation {...view} />}
        <ShapeChoice view={view} shape={shape} onShape={setShape} />
        <div class="row wrap">
          <Button icon="add" idle={seen.length >= ZONES_MAX} onClick={add}>
            {say("zones.add")}
          </Button>
          <Button
            icon="close"
            idle={selected === null}
            onClick={() => {
              if (selected !== null) draw(without(seen, selected.zone))
              setSelected(null)
            }}
          >
            {say("zones.delete")}
          </Button>
        </div>
        <p class="hint">{say(shape === "rectangle" ? "zones.how-rectangle" : "zones.how-polygon")}</p>
        <p class="hint">{say("zones.how-keys")}</p>
        <Switch
          id="zones-inverse"
          label={say("zones.inverse")}
          hint={say(coversAll(zones) ? "zones.inverse-all" : "zones.inverse-more")}
          on={zones.inverse}
          onTurn={(inverse) => set({ ...zones, inverse })}
        />
        {of === "camera" && <Remember {...view} />}
      </div>
    </Dialog>
  )
}

const ShapeChoice = ({ view, shape, onShape }: { view: View; shape: Shape; onShape: (shape: Shape) => void }): VNode => (
  <fieldset class="shapes">
    <legend>{view.say("zones.shape")}</legend>
    {shapes.map((each) => (
      <label class="check" key={each}>
        <input type="radio" name="zones-shape" checked={shape === each} onChange={() => onShape(each)} />
        <span>{view.say(`zones.${each}`)}</span>
      </label>
    ))}
  </fieldset>
)

/** Kept beyond this page only if somebody asks, and only for a camera that is known. */
const Remember = ({ state, act, say }: View): VNode => {
  const { remembered, rememberable } = state.masking
  return (
    <Switch
      id="zones-remember"
      label={say("zones.remember")}
      hint={say(remembered || rememberable ? "zones.remember-more" : "zones.remember-later")}
      on={remembered}
      onTurn={(on) => act({ do: "zones-remember", on })}
    />
  )
}
