/** How one's own pictures are masked: everything that can be chosen about it. */

import type { VNode } from "preact"
import { useState } from "preact/hooks"
import type { State } from "../call/state.ts"
import { type Background, covering, type Fill, type Strength, type Treatment } from "../mask/treatment.ts"
import { Button, Choice } from "./parts.tsx"
import { Picture } from "./picture.tsx"
import { Confirmation, NoPicture, ownPicture, StandingSign } from "./standing.tsx"
import { Unmask } from "./unmask.tsx"
import type { View } from "./view.ts"
import { ZonesDialog } from "./zones.tsx"

const strengths: readonly Strength[] = ["faces", "body", "off"]
const fills: readonly Fill[] = ["pattern", "flat", "avatar"]
const backgrounds: readonly Background[] = ["none", "blur", "plain", "drawn"]

const cameraRuns = ({ devices }: State): boolean => devices.camera === "on" || devices.camera === "starting"

/** Everything that can be chosen about it. */
export const MaskOptions = (view: View): VNode => {
  const { state, act, say } = view
  const { camera, required, standing } = state.masking
  const treat = (change: Partial<Treatment>): void => act({ do: "treat", change })
  return (
    <div class="mask-options">
      {state.stage.at === "call" && <OwnPicture {...view} />}
      {standing.is === "zones" && <Confirmation {...view} />}
      {required && <p class="mask-rule">{say("mask.required")}</p>}
      <StrengthChoice {...view} />
      <p class="hint">{say("mask.limits")}</p>
      <Choice
        id="mask-fill"
        label={say("mask.fill")}
        value={camera.fill}
        options={fills.map((fill) => [fill, say(`fill.${fill}`)])}
        hint={say("mask.fill-more")}
        onChoose={(fill) => treat({ fill })}
      />
      <ZonesButtons {...view} />
      <Choice
        id="mask-background"
        label={say("mask.background")}
        value={camera.background}
        options={backgrounds.map((background) => [background, say(`background.${background}`)])}
        hint={say("mask.background-more")}
        onChoose={(background) => treat({ background })}
      />
    </div>
  )
}

const StrengthChoice = (view: View): VNode => {
  const { state, act, say } = view
  const { strength } = state.masking.camera
  const { required } = state.masking
  const [asked, setAsked] = useState(false)
  const choose = (wanted: Strength): void => {
    if (wanted === "off") setAsked(true)
    else act({ do: "treat", change: { strength: wanted } })
  }
  return (
    <fieldset class="strengths">
      <legend>{say("mask.strength")}</legend>
      {strengths.map((each) => (
        <label class="check" key={each}>
          <input
            type="radio"
            name="mask-strength"
            checked={strength === each}
            disabled={each === "off" && required}
            aria-describedby={`strength-${each}-hint`}
            onChange={(e) => {
              e.currentTarget.checked = strength === each // what is shown is the state
              if (strength !== each) choose(each)
            }}
          />
          <span>
            {say(`strength.${each}`)}
            <span class="hint" id={`strength-${each}-hint`}>
              {say(`strength.${each}-more`)}
            </span>
          </span>
        </label>
      ))}
      <div class="camera-off">
        <p class="hint">{say("mask.camera-off")}</p>
        {cameraRuns(state) && (
          <Button icon="camera-off" onClick={() => act({ do: "camera", on: false })}>
            {say("mask.camera-off-now")}
          </Button>
        )}
      </div>
      {asked && <Unmask view={view} onClose={() => setAsked(false)} />}
    </fieldset>
  )
}

/** What the others see, where the options are. */
const OwnPicture = (view: View): VNode => {
  const picture = ownPicture(view.state)
  return (
    <div class="preview hued">
      {picture === null ? <NoPicture {...view} /> : <Picture stream={picture} mirrored whole />}
      <StandingSign {...view} />
    </div>
  )
}

const ZonesButtons = (view: View): VNode => {
  const { state, say } = view
  const [open, setOpen] = useState<"camera" | "screen" | null>(null)
  const count = { camera: state.masking.camera.zones, screen: state.masking.screen }
  return (
    <div class="field zones-field">
      <h4>{say("zones")}</h4>
      <p class="hint">{say("zones.more")}</p>
      <div class="row wrap">
        {(["camera", "screen"] as const).map((of) => (
          <Button key={of} icon={of} onClick={() => setOpen(of)}>
            {say(`zones.${of}`)}
            {covering(count[of]) && <span class="count">{say("zones.count.other", { n: count[of].zones.length })}</span>}
          </Button>
        ))}
      </div>
      <p class="hint">{say("zones.screen-more")}</p>
      {open !== null && <ZonesDialog view={view} of={open} onClose={() => setOpen(null)} />}
    </div>
  )
}
