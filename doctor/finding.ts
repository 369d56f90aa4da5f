/** What one look at the deployment found. */
export interface Finding {
  /** Stable across releases. */
  check: string
  status: 'ok' | 'warning' | 'failed' | 'skipped'
  /** What is so, and what to change where it should not be; holds no secrets. */
  message: string
}

export const ok = (check: string, message: string): Finding => ({ check, status: 'ok', message })
export const warning = (check: string, message: string): Finding => ({ check, status: 'warning', message })
export const failed = (check: string, message: string): Finding => ({ check, status: 'failed', message })
export const skipped = (check: string, message: string): Finding => ({ check, status: 'skipped', message })
