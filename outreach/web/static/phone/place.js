// Where the phone is, asked only on a tap and rounded before anything keeps it.

const DECIMALS = 1000; // three: about 110 m, which tells the village and not the house
const ASKING = { enableHighAccuracy: true, timeout: 30_000, maximumAge: 120_000 };
const DENIED = 1;

export const rounded = (degrees) => Math.round(degrees * DECIMALS) / DECIMALS;

/** Ask the phone once; throws the key of the words that say why there is no answer. */
export function whereAmI() {
  return new Promise((resolve, reject) => {
    // There a browser finds no place, and blames the official for not allowing it.
    if (!window.isSecureContext) reject("position_unprotected");
    else if (!navigator.geolocation) reject("position_unknown");
    else
      navigator.geolocation.getCurrentPosition(
        ({ coords }) =>
          resolve({ latitude: rounded(coords.latitude), longitude: rounded(coords.longitude) }),
        (error) => reject(error.code === DENIED ? "position_denied" : "position_unknown"),
        ASKING,
      );
  });
}
