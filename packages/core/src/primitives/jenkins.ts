/** sbw's integer hash of a token (after Jenkins' mixing), signed 32 bit. */
export function jenkins(token: number): number {
  let i = (token + 1) | 0;
  i = (i - (i << 6)) | 0;
  i ^= i >> 17;
  i = (i - (i << 9)) | 0;
  i ^= i << 4;
  i = (i - (i << 3)) | 0;
  i ^= i << 10;
  return i ^ (i >> 15);
}
