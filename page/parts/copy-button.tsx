import { announce } from '../state/announcements.js'
import { useState } from 'preact/hooks'
import { strings } from '../text/strings.js'

interface CopyButtonProps {
  text: string
  name?: string
  /** What is announced once the text is copied. */
  done?: string
}

/** Copies a text. It says whether that worked, since browsers forbid it outside of secure pages. */
export function CopyButton ({ text, name = strings.copy, done = strings.copied }: CopyButtonProps) {
  const [said, setSaid] = useState('')
  const copy = async () => {
    const told = await copyText(text) ? done : strings.notCopied
    setSaid(told)
    announce(told)
  }
  return (
    <>
      <button type='button' onClick={copy}>{name}</button>
      {said === '' ? null : <span class='hint said'>{said}</span>}
    </>
  )
}

async function copyText (text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    return false
  }
}
