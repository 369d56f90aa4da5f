import type { ComponentChildren } from 'preact'
import type { Place } from '../state/address.js'
import { PlaceLink } from './place-link.js'

interface Step {
  name: ComponentChildren
  /** The full name, if the name is shortened. */
  title?: string
  to: Place
}

/** The path from the overview to a place: links to everything that contains it. */
export function Way ({ label, steps }: { label: string, steps: readonly Step[] }) {
  return (
    <nav class='way' aria-label={label}>
      <ol>
        {steps.map(({ name, title, to }, index) => (
          <li key={index}><PlaceLink to={to} {...title === undefined ? {} : { title }}>{name}</PlaceLink></li>
        ))}
      </ol>
    </nav>
  )
}
