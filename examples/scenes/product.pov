// A scent bottle on a white studio sweep, between two soft boxes.
// Units: decimetres. x to the right, y up, z away from the camera.
#version 3.7;
#include "passes.inc"

global_settings { assumed_gamma 1.0 max_trace_level 5 ambient_light 0 }

#declare Eye = <0, 2.55, -9.6>;
#declare Target = <0, 1.72, 0>;
camera { location Eye look_at Target right x * 4 / 5 up y angle 29 }

#if (PASS = 0)
  #macro Soft_light(Where, Towards, Power, Width, Height)
    light_source { Where rgb Power area_light x * Width, y * Height, 4, 4 adaptive 0 jitter spotlight point_at Towards radius 30 falloff 55 }
  #end
  Soft_light(<-6.5, 6.0, -4.5>, <0, 1.4, 0>, <1.00, 0.975, 0.94> * 0.85, 3, 3)
  Soft_light(<6.5, 4.5, -3.0>, <0, 1.4, 0>, <0.94, 0.97, 1.00> * 0.35, 3, 3)
  light_source { <0, 9, 2.5> rgb 0.55 area_light x * 5, z * 3, 4, 4 adaptive 0 jitter }
  light_source { <0, 3, -30> rgb 0.22 shadowless }

  // The soft boxes themselves, for the glass to mirror; the camera does not look their way.
  #macro Panel(Width, Height, Value)
    box { <-Width / 2, -Height / 2, 0>, <Width / 2, Height / 2, 0.02> no_shadow
      pigment { rgb Value } finish { ambient 0 diffuse 0 emission 1 } }
  #end
  object { Panel(2.2, 6.5, 2.1) rotate -y * 62 translate <-5.4, 3.0, -3.0> }
  object { Panel(1.3, 6.0, 1.3) rotate y * 66 translate <5.4, 2.8, -2.4> }
  object { Panel(7, 3, 1.2) rotate x * 90 translate <0, 8.5, 0> }
#end

#declare Paper = texture { pigment { rgb <0.93, 0.925, 0.915> } finish { ambient 0 diffuse 0.80 reflection { 0.0, 0.22 fresnel on } } }
// So dark a glass that nothing is seen through it but a warm glow low down.
#declare Amber_glass = texture {
  pigment { gradient y scale 2.7 color_map { [0.0 rgb <0.20, 0.060, 0.012>] [0.25 rgb <0.13, 0.036, 0.008>] [0.8 rgb <0.055, 0.016, 0.006>] [1 rgb <0.04, 0.013, 0.006>] } }
  finish { ambient 0 diffuse 0.55 specular 0.5 roughness 0.003 reflection { 0.05, 0.95 fresnel on falloff 1 } conserve_energy }
}
#declare Brass = texture { pigment { rgb <0.62, 0.42, 0.17> } normal { gradient y 0.04 scale 0.02 } finish { ambient 0 diffuse 0.28 brilliance 3 specular 0.9 roughness 0.015 metallic reflection { 0.55 metallic } } }
#declare Walnut = texture {
  pigment { wood warp { turbulence 0.09 octaves 4 } scale <0.10, 0.10, 0.6> rotate x * 86 translate <0.3, 0, 0.1>
    color_map { [0.0 rgb <0.085, 0.040, 0.020>] [0.45 rgb <0.17, 0.085, 0.042>] [0.8 rgb <0.10, 0.048, 0.024>] [1 rgb <0.06, 0.028, 0.014>] } }
  normal { wood 0.06 warp { turbulence 0.09 octaves 4 } scale <0.05, 0.05, 0.6> rotate x * 86 }
  finish { ambient 0 diffuse 0.75 specular 0.35 roughness 0.02 reflection { 0.0, 0.25 fresnel on } }
}
#declare Label_paper = texture { pigment { rgb <0.90, 0.875, 0.82> } normal { granite 0.05 scale 0.05 } finish { ambient 0 diffuse 0.85 } }
#declare Ink = texture { pigment { rgb <0.035, 0.045, 0.055> } finish { ambient 0 diffuse 0.8 specular 0.2 roughness 0.03 } }
#declare Gold = texture { pigment { rgb <0.55, 0.36, 0.12> } finish { ambient 0 diffuse 0.45 specular 0.7 roughness 0.03 metallic reflection { 0.25 metallic } } }

#declare Outside = lathe { bezier_spline 24
  <0, 0>, <0.3, 0>, <0.6, 0>, <0.80, 0>
  <0.80, 0>, <0.93, 0>, <1.0, 0.06>, <1.0, 0.20>
  <1.0, 0.20>, <1.0, 0.9>, <1.0, 1.5>, <1.0, 2.02>
  <1.0, 2.02>, <1.0, 2.30>, <0.72, 2.42>, <0.52, 2.47>
  <0.52, 2.47>, <0.42, 2.50>, <0.36, 2.55>, <0.36, 2.65>
  <0.36, 2.65>, <0.30, 2.66>, <0.1, 2.66>, <0, 2.66> }

#declare Bottle = union {
  object { Outside Subject_look(Amber_glass) interior { ior 1.5 } }
  union { cylinder { <0, 2.60, 0>, <0, 2.86, 0>, 0.415 } torus { 0.40, 0.028 translate y * 2.61 } torus { 0.40, 0.028 translate y * 2.85 } Subject_look(Brass) }
  object {   // cap
    lathe { cubic_spline 9 <0, 2.86>, <0, 2.86>, <0.40, 2.865>, <0.455, 2.90>, <0.475, 3.20>, <0.475, 3.50>, <0.44, 3.585>, <0, 3.605>, <0, 3.62> }
    Subject_look(Walnut) interior { ior 1.5 }
  }

  // The label lies on the glass: what is printed is cut out of a thin shell.
  #macro Printed(Thing, Radius)
    intersection {
      object { Thing }
      difference { cylinder { <0, 0, 0>, <0, 3, 0>, Radius } cylinder { <0, -1, 0>, <0, 4, 0>, Radius - 0.003 } }
      plane { z, 0 }
    }
  #end
  #macro Line(Font, Text, Size, Y)
    #local T = text { internal Font Text 2, 0 scale <Size, Size, 1> }
    #local Half = (max_extent(T).x + min_extent(T).x) / 2;
    object { T translate <-Half, Y, -1.8> }
  #end
  object { Printed(box { <-0.66, 0.52, -2>, <0.66, 1.66, 0> }, 1.004) Subject_look(Label_paper) }
  object { Printed(difference { box { <-0.61, 0.57, -2>, <0.61, 1.61, 0> } box { <-0.597, 0.583, -3>, <0.597, 1.597, 1> } }, 1.0055) Subject_look(Gold) }
  object { Printed(Line(1, "STILL", 0.335, 1.16), 1.0055) Subject_look(Ink) }
  object { Printed(box { <-0.20, 1.055, -2>, <0.20, 1.065, 0> }, 1.0055) Subject_look(Gold) }
  object { Printed(Line(1, "eau de lumiere", 0.125, 0.90), 1.0055) Subject_look(Ink) }
  object { Printed(Line(1, "No. 24   100 ml", 0.080, 0.70), 1.0055) Subject_look(Ink) }
}

#declare World = union {
  // the sweep: floor, curve, wall
  union {
    box { <-40, -1, -40>, <40, 0, 4> }
    difference { box { <-40, -1, 4>, <40, 3, 7> } cylinder { <-41, 3, 4>, <41, 3, 4>, 3 } }
    box { <-40, 3, 7>, <40, 40, 8> }
    Look(Paper) interior { ior 1.3 }
  }
  object { Bottle }
  World_look(Eye, Target, 7.5)
}
object { World }
