"""Shows a digit, two digits that take turns, and a color."""

from signal import pause

from gpiozero import RGBLED, LEDCharDisplay, LEDMultiCharDisplay

one = LEDCharDisplay(5, 6, 13, 19, 26, 21, 20)
two = LEDMultiCharDisplay(LEDCharDisplay(7, 8, 25, 24, 23, 18, 15), 14, 4)
mood = RGBLED(17, 27, 22)
one.value = "7"
two.value = "42"
mood.color = (1, 0.5, 0)
pause()
