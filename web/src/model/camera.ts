import { messageOf } from '../api/request.ts';
import { words } from '../words/language.ts';

/**
 * Camera and microphone.
 * @param width wanted, pixels
 * @param height wanted, pixels
 * @throws Error that says in words why there is none
 */
export async function openCamera(width: number, height: number): Promise<MediaStream> {
  const { cameraNeedsHttps, cameraErrors, cameraError } = words.peek();
  if (navigator.mediaDevices === undefined) throw new Error(cameraNeedsHttps);
  try {
    return await navigator.mediaDevices.getUserMedia({
      video: { width: { ideal: width }, height: { ideal: height }, frameRate: { ideal: 30 } },
      audio: true,
    });
  } catch (cause) {
    const name = cause instanceof Error ? cause.name : '';
    const known = (cameraErrors as Record<string, string>)[name];
    throw new Error(known ?? cameraError(messageOf(cause)), { cause });
  }
}
