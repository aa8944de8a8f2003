// A wet street at night: a man in a coat stands between parked cars and looks at what comes up at its far end.
// Units: metres. x to the right, y up, z away from the camera.
#version 3.7;
#include "passes.inc"

global_settings { assumed_gamma 1.0 max_trace_level 6 ambient_light 0 }

#declare Eye = <-0.75, 1.25, 0>;
#declare Target = <-0.15, 2.05, 14>;
camera { location Eye look_at Target right x * 16 / 9 up y angle 52 }

#declare Haze = <0.036, 0.060, 0.078>;
#declare Tungsten = <1.0, 0.62, 0.28>;
#declare Sodium = <1.0, 0.55, 0.20>;
#declare Teal = <0.25, 0.75, 0.85>;

#declare Street_half = 4.6;   // kerb
#declare Wall = 7.7;          // house fronts
#declare R = seed(4711);

#if (PASS = 0)
  fog { fog_type 1 distance 72 rgb Haze }
  sky_sphere {
    pigment { gradient y color_map { [0 rgb Haze * 1.6] [0.35 rgb Haze * 0.8] [1 rgb Haze * 0.3] } }
  }
#end

// ---- materials ---------------------------------------------------------------------------------------------------
#declare Road_normal = normal {
  average normal_map {
    [1.0 granite 0.35 scale 0.35]
    [1.2 bumps 0.30 scale 0.012]
    [0.7 bumps 0.22 scale <0.25, 1, 0.6>]
  }
}
#declare Wet_asphalt = texture {
  pigment { granite scale 0.6 color_map { [0 rgb 0.012] [0.6 rgb 0.022] [1 rgb 0.038] } }
  normal { Road_normal }
  finish { ambient 0 diffuse 0.7 specular 0.35 roughness 0.02 reflection { 0.10, 0.85 fresnel on falloff 1.0 } conserve_energy }
}
#declare Puddle = texture {
  pigment { rgb 0.006 }
  normal { bumps 0.018 scale <0.35, 1, 0.12> }
  finish { ambient 0 diffuse 0.4 specular 0.5 roughness 0.004 reflection { 0.22, 1.0 fresnel on falloff 1.0 } conserve_energy }
}
#declare Road = texture {
  bozo warp { turbulence 0.55 octaves 5 lambda 2.3 omega 0.45 } scale <2.0, 1, 4.6> translate <0.7, 0, 1.3>
  texture_map { [0.00 Puddle] [0.50 Puddle] [0.56 Wet_asphalt] [1.00 Wet_asphalt] }
}
#declare Paving = texture {
  pigment { brick rgb 0.012 rgb 0.055 brick_size <0.8, 0.4, 0.6> mortar 0.016 }
  normal { average normal_map { [1 brick 0.3 brick_size <0.8, 0.4, 0.6> mortar 0.02] [0.7 bumps 0.2 scale 0.02] } }
  finish { ambient 0 diffuse 0.7 reflection { 0.02, 0.45 fresnel on falloff 1.2 } conserve_energy }
}
#declare Kerb_stone = texture {
  pigment { granite scale 0.2 color_map { [0 rgb 0.05] [1 rgb 0.13] } }
  finish { ambient 0 diffuse 0.7 specular 0.3 roughness 0.03 reflection 0.03 }
}
#macro Brickwork(Tone)
  texture {
    pigment { brick rgb Tone * 0.45 rgb Tone brick_size <0.26, 0.08, 0.13> mortar 0.012 turbulence 0.02 }
    normal { brick 0.25 brick_size <0.26, 0.08, 0.13> mortar 0.014 }
    finish { ambient 0 diffuse 0.75 specular 0.12 roughness 0.05 }
  }
  texture {   // soot and wet runs
    pigment { bozo turbulence 0.7 scale <1.4, 4, 1.4> color_map { [0.35 rgbt <0, 0, 0, 1>] [1 rgbt <0.004, 0.005, 0.006, 0.15>] } }
    finish { ambient 0 diffuse 0.6 specular 0.2 roughness 0.02 }
  }
#end
#declare Stucco = texture {
  pigment { granite scale 3 color_map { [0 rgb <0.16, 0.15, 0.13>] [1 rgb <0.24, 0.22, 0.19>] } }
  normal { granite 0.12 scale 0.3 }
  finish { ambient 0 diffuse 0.75 specular 0.1 roughness 0.04 }
}
#declare Trim_stone = texture { pigment { rgb <0.20, 0.19, 0.17> } normal { granite 0.1 scale 0.2 } finish { ambient 0 diffuse 0.75 specular 0.15 roughness 0.04 } }
#declare Dark_wood = texture { pigment { rgb <0.030, 0.034, 0.036> } finish { ambient 0 diffuse 0.7 specular 0.4 roughness 0.02 reflection 0.03 } }
#declare Iron = texture { pigment { rgb <0.016, 0.018, 0.020> } finish { ambient 0 diffuse 0.6 specular 0.6 roughness 0.02 reflection 0.05 } }
#declare Night_glass = texture { pigment { rgb <0.010, 0.014, 0.018> } finish { ambient 0 diffuse 0.3 specular 0.6 roughness 0.006 reflection { 0.05, 0.7 fresnel on falloff 2 } conserve_energy } }

// ---- houses: built with their front in the plane x = 0, facing +x, along z from 0 to Width ---------------------------
#macro Window(Y, Z, W, H, Shine)
  union {
    box { <-0.05, Y, Z>, <0.01, Y + H, Z + W>
      #if (Shine > 0)
        #local Warm = rand(R);
        Lit((Tungsten * (1 - Warm * 0.35) + <0.9, 0.85, 0.7> * Warm * 0.35) * Shine)
      #else
        Look(Night_glass)
      #end
    }
    #if (Shine > 0 & rand(R) < 0.6)     // curtains or a blind, darker than the lamp behind
      #local Cut = 0.15 + 0.35 * rand(R);
      #if (rand(R) < 0.5)
        box { <0.011, Y + H * (1 - Cut), Z>, <0.015, Y + H, Z + W> Lit(Tungsten * Shine * 0.38) }
      #else
        box { <0.011, Y, Z>, <0.015, Y + H, Z + W * Cut * 0.7> Lit(Sodium * Shine * 0.30) }
        box { <0.011, Y, Z + W * (1 - Cut * 0.7)>, <0.015, Y + H, Z + W> Lit(Sodium * Shine * 0.30) }
      #end
    #end
    union {
      box { <0, Y, Z - 0.05>, <0.07, Y + H, Z + 0.04> }
      box { <0, Y, Z + W - 0.04>, <0.07, Y + H, Z + W + 0.05> }
      box { <0, Y + H - 0.04, Z - 0.05>, <0.07, Y + H + 0.05, Z + W + 0.05> }
      box { <0, Y, Z + W / 2 - 0.025>, <0.05, Y + H, Z + W / 2 + 0.025> }
      box { <0, Y + H * 0.52 - 0.025, Z>, <0.05, Y + H * 0.52 + 0.025, Z + W> }
      Look(Dark_wood)
    }
    box { <0, Y - 0.12, Z - 0.15>, <0.18, Y, Z + W + 0.15> Look(Trim_stone) }
    box { <0, Y + H + 0.05, Z - 0.12>, <0.12, Y + H + 0.22, Z + W + 0.12> Look(Trim_stone) }
  }
#end

#macro House(Width, Floors, Tone, Lit_share)
  #local Ground = 4.1;
  #local Storey = 3.2;
  #local Height = Ground + Floors * Storey;
  #local Count = floor(Width / 1.9);
  #local Pitch = Width / Count;
  union {
    box { <-8, 0, 0>, <0, Height + 0.7, Width>
      #if (PASS = 0) #if (Tone.x < 0) texture { Stucco } #else Brickwork(Tone) #end #end }
    #local F = 0;
    #while (F < Floors)
      #local C = 0;
      #while (C < Count)
        #local Shine = 0;
        #if (rand(R) < Lit_share) #local Shine = 0.35 + 1.25 * pow(rand(R), 2); #end
        Window(Ground + F * Storey + 0.75, C * Pitch + Pitch / 2 - 0.5, 1.0, 1.75, Shine)
        #local C = C + 1;
      #end
      #local F = F + 1;
    #end
    box { <0, Ground - 0.15, 0>, <0.22, Ground + 0.12, Width> Look(Trim_stone) }
    box { <0, Height - 0.1, 0>, <0.28, Height + 0.2, Width> Look(Trim_stone) }
    box { <0, Height + 0.2, 0>, <0.55, Height + 0.45, Width> Look(Trim_stone) }
    #local B = 0.15;
    #while (B < Width - 0.2)     // brackets of the cornice
      box { <0, Height - 0.25, B>, <0.42, Height + 0.2, B + 0.12> Look(Trim_stone) }
      #local B = B + 0.62;
    #end
    box { <-0.01, 0, -0.08>, <0.10, Height, 0.08> Look(Trim_stone) }
  }
#end

// A shop: a wide lit window, a door, an awning or a lit sign board. Front in x = 0.
#macro Shop(Z, W, Glow, Awning)
  union {
    box { <-0.02, 0.55, Z + 0.15>, <0.03, 2.75, Z + W * 0.66>
      #if (PASS = 0) texture {
        pigment { gradient y scale 2.4 translate y * 0.5
          color_map { [0 rgb Glow * 0.35] [0.45 rgb Glow * 0.75] [0.9 rgb Glow * 1.25] [1 rgb Glow * 1.5] } }
        finish { ambient 0 diffuse 0 emission 1 } }
      #end }
    #local I = 0;
    #while (I < 7)    // goods in the window
      #local Gz = Z + 0.3 + (W * 0.66 - 0.6) * I / 7 + 0.15 * rand(R);
      #local Gh = 0.35 + 0.75 * rand(R);
      box { <0.03, 0.55, Gz>, <0.035, 0.55 + Gh, Gz + 0.10 + 0.22 * rand(R)> Lit(Glow * (0.03 + 0.1 * rand(R))) }
      #local I = I + 1;
    #end
    box { <-0.02, 0.15, Z + W * 0.72>, <0.03, 2.55, Z + W * 0.93> Lit(Glow * 0.5) }
    union {
      box { <0, 0.1, Z>, <0.12, 0.55, Z + W * 0.68> }
      box { <0, 0.1, Z>, <0.12, 3.0, Z + 0.15> }
      box { <0, 0.1, Z + W * 0.66>, <0.12, 3.0, Z + W * 0.73> }
      box { <0, 0.1, Z + W * 0.92>, <0.12, 3.0, Z + W> }
      box { <0, 2.75, Z>, <0.14, 3.05, Z + W> }
      box { <0.02, 2.35, Z>, <0.09, 2.41, Z + W * 0.93> }
      box { <0.02, 0.55, Z + W * 0.33>, <0.09, 2.75, Z + W * 0.33 + 0.06> }
      box { <0.02, 1.1, Z + W * 0.72>, <0.08, 1.2, Z + W * 0.93> }
      Look(Dark_wood)
    }
    #if (Awning > 0)
      box { <0, 0, 0>, <1.35, 0.035, W> rotate -z * 24 translate <0.08, 3.35, Z>
        #if (PASS = 0) texture {
          pigment { gradient z scale 0.6 color_map { [0.5 rgb <0.10, 0.016, 0.016>] [0.5 rgb <0.17, 0.155, 0.13>] } }
          finish { ambient 0 diffuse 0.8 specular 0.3 roughness 0.02 reflection 0.02 } } #end }
    #else
      box { <0.05, 3.1, Z + 0.1>, <0.22, 3.75, Z + W - 0.1> Look(Dark_wood) }
    #end
  }
#end

// ---- a street lamp ------------------------------------------------------------------------------------------------
#macro Glow(Where, Radius, Colour, Strength)
  #if (PASS = 0)
    disc { <0, 0, 0>, z, Radius hollow no_shadow
      pigment { spherical poly_wave 3 scale Radius color_map {
        [0 rgbt <Colour.x, Colour.y, Colour.z, 1>] [1 rgbt <Colour.x, Colour.y, Colour.z, 1 - Strength>] } }
      finish { ambient 0 diffuse 0 emission 1 }
      translate Where }
  #end
#end

#declare Lamp_height = 5.6;
#macro Lamp(Side, Z)
  #local X = Side * (Street_half + 0.35);
  union {
    cone { <X, 0.1, Z>, 0.11, <X, 1.0, Z>, 0.075 }
    cylinder { <X, 1.0, Z>, <X, Lamp_height, Z>, 0.055 }
    torus { 0.085, 0.03 translate <X, 1.0, Z> }
    sphere_sweep { b_spline 6
      <X, Lamp_height - 0.8, Z>, 0.045 <X, Lamp_height, Z>, 0.045 <X - Side * 0.1, Lamp_height + 0.55, Z>, 0.04
      <X - Side * 0.8, Lamp_height + 0.75, Z>, 0.04 <X - Side * 1.5, Lamp_height + 0.5, Z>, 0.04 <X - Side * 2.0, Lamp_height + 0.3, Z>, 0.04 }
    cone { <X - Side * 1.55, Lamp_height + 0.50, Z>, 0.07, <X - Side * 1.55, Lamp_height + 0.20, Z>, 0.30 open }
    cylinder { <X - Side * 1.55, Lamp_height + 0.5, Z>, <X - Side * 1.55, Lamp_height + 0.72, Z>, 0.05 }
    Look(Iron)
  }
  sphere { <X - Side * 1.55, Lamp_height + 0.2, Z>, 0.17 no_shadow Lit(<1.0, 0.78, 0.48> * 6) }
  Glow(<X - Side * 1.55, Lamp_height + 0.15, Z - 0.4>, 2.3, <1.0, 0.66, 0.33>, 0.34)
#end
#macro Lamp_light(Side, Z, Power)
  #if (PASS = 0)
    light_source { <Side * (Street_half - 1.2), Lamp_height + 0.05, Z> rgb Sodium * Power * 1.7
      spotlight point_at <Side * (Street_half - 1.5), 0, Z> radius 38 falloff 80 fade_distance 3.2 fade_power 2
      area_light x * 0.3, z * 0.3, 2, 2 adaptive 0 jitter circular orient }
  #end
#end

// ---- cars: the outline from the side, from the front and from above, cut out of one block -----------------------------
// A closed smooth outline, drawn out between heights Low and High.
#macro Outline(Points, Low, High)
  #local N = dimension_size(Points, 1);
  prism { cubic_spline Low, High, N + 3, Points[N - 1]
    #local I = 0; #while (I < N) , Points[I] #local I = I + 1; #end
    , Points[0], Points[1] }
#end
#declare Car_side = object {
  Outline(array[20] {
    <-2.30, 0.42>, <-2.22, 0.30>, <-1.0, 0.24>, <1.0, 0.24>, <2.20, 0.28>, <2.30, 0.40>, <2.31, 0.62>, <2.22, 0.80>, <1.75, 0.90>, <1.10, 0.97>,
    <0.95, 1.01>, <0.45, 1.34>, <0.05, 1.46>, <-0.55, 1.47>, <-1.10, 1.36>, <-1.62, 1.06>, <-1.80, 1.01>, <-2.15, 0.95>, <-2.28, 0.78>, <-2.32, 0.55> }, -1, 1)
  rotate -x * 90 }
#declare Car_front = object {
  Outline(array[16] {
    <0, 0.2>, <0.80, 0.22>, <0.87, 0.45>, <0.885, 0.72>, <0.83, 0.93>, <0.72, 1.15>, <0.60, 1.40>, <0.35, 1.475>,
    <0, 1.485>, <-0.35, 1.475>, <-0.60, 1.40>, <-0.72, 1.15>, <-0.83, 0.93>, <-0.885, 0.72>, <-0.87, 0.45>, <-0.80, 0.22> }, -3, 3)
  rotate -x * 90 rotate y * 90 }
#declare Car_plan = object {
  Outline(array[14] {
    <-2.33, 0>, <-2.27, 0.62>, <-2.0, 0.82>, <-1.0, 0.88>, <0.3, 0.885>, <1.5, 0.86>, <2.1, 0.74>, <2.34, 0.40>,
    <2.34, -0.40>, <2.1, -0.74>, <1.5, -0.86>, <0.3, -0.885>, <-1.0, -0.88>, <-2.27, -0.62> }, 0, 2) }

#macro Car(Paint)
  #local Body = intersection { object { Car_side } object { Car_front } object { Car_plan } }
  union {
    difference {
      object { Body }
      cylinder { <1.42, 0.31, -1>, <1.42, 0.31, -0.55>, 0.38 } cylinder { <1.42, 0.31, 0.55>, <1.42, 0.31, 1>, 0.38 }
      cylinder { <-1.38, 0.31, -1>, <-1.38, 0.31, -0.55>, 0.38 } cylinder { <-1.38, 0.31, 0.55>, <-1.38, 0.31, 1>, 0.38 }
      #if (PASS = 0) texture { Paint } #end
    }
    intersection {    // glass: a skin over the upper body
      object { Body scale <1.006, 1.004, 1.008> }
      union {
        box { <-0.98, 0.99, -1>, <-0.14, 1.37, 1> } box { <-0.06, 0.99, -1>, <0.62, 1.36, 1> }
        box { <0.50, 1.02, -0.60>, <1.1, 1.36, 0.60> } box { <-1.75, 1.09, -0.56>, <-1.12, 1.37, 0.56> }
      }
      Look(Night_glass)
    }
    #local Wx = -1.38;
    #while (Wx < 2)
      cylinder { <Wx, 0.31, -0.86>, <Wx, 0.31, 0.86>, 0.31
        #if (PASS = 0) pigment { rgb 0.008 } finish { ambient 0 diffuse 0.7 specular 0.2 roughness 0.05 } #end }
      cylinder { <Wx, 0.31, -0.87>, <Wx, 0.31, 0.87>, 0.15
        #if (PASS = 0) pigment { rgb 0.04 } finish { ambient 0 diffuse 0.5 specular 0.6 roughness 0.03 reflection 0.12 } #end }
      #local Wx = Wx + 2.80;
    #end
    union {
      box { <-2.36, 0.76, -0.72>, <-2.18, 0.83, -0.46> } box { <-2.36, 0.76, 0.46>, <-2.18, 0.83, 0.72> }
      Lit(<0.42, 0.012, 0.008>)
    }
    box { <-2.37, 0.56, -0.26>, <-2.2, 0.68, 0.26> #if (PASS = 0) pigment { rgb <0.35, 0.34, 0.28> } finish { ambient 0 diffuse 0.7 } #end }
    box { <-2.39, 0.42, -0.78>, <-2.2, 0.50, 0.78>
      #if (PASS = 0) pigment { rgb 0.15 } finish { ambient 0 diffuse 0.4 specular 0.8 roughness 0.01 reflection 0.35 } #end }
  }
#end
#macro Paint(Colour)
  texture { pigment { rgb Colour } normal { bumps 0.05 scale 0.05 }
    finish { ambient 0 diffuse 0.6 specular 0.8 roughness 0.006 reflection { 0.05, 0.75 fresnel on falloff 2 } conserve_energy } }
#end

// ---- the man: seen from behind, weight on his right leg, hands in his pockets ----------------------------------------
#declare Wool = texture {
  pigment { bozo scale 0.03 color_map { [0 rgb <0.022, 0.020, 0.019>] [1 rgb <0.036, 0.032, 0.029>] } }
  normal { average normal_map { [1 wrinkles 0.5 scale <0.10, 0.5, 0.10>] [0.8 bumps 0.4 scale 0.008] } }
  finish { ambient 0 diffuse 0.8 specular 0.16 roughness 0.06 }
}
#declare Felt = texture { pigment { rgb <0.034, 0.031, 0.029> } normal { bumps 0.2 scale 0.01 } finish { ambient 0 diffuse 0.7 specular 0.35 roughness 0.04 } }
#declare Ribbon = texture { pigment { rgb 0.006 } finish { ambient 0 diffuse 0.5 specular 0.6 roughness 0.02 } }
#declare Trousers = texture { pigment { rgb <0.018, 0.019, 0.022> } normal { wrinkles 0.4 scale <0.05, 0.3, 0.05> } finish { ambient 0 diffuse 0.7 specular 0.2 roughness 0.04 } }
#declare Leather = texture { pigment { rgb 0.010 } finish { ambient 0 diffuse 0.5 specular 0.8 roughness 0.01 reflection 0.08 } }
#declare Skin = texture { pigment { rgb <0.42, 0.25, 0.17> } finish { ambient 0 diffuse 0.75 specular 0.2 roughness 0.05 } }

#declare Coat = blob { threshold 0.5
  cylinder { <0, 0.62, 0.00>, <0, 0.95, 0>, 0.40, 1.0 scale <1.0, 1, 0.72> }         // skirt
  cylinder { <-0.12, 0.52, 0.0>, <-0.08, 0.95, 0>, 0.30, 0.8 scale <1.05, 1, 0.85> }
  cylinder { <0.13, 0.50, 0.02>, <0.08, 0.95, 0>, 0.30, 0.8 scale <1.05, 1, 0.85> }
  cylinder { <0, 0.95, 0>, <0, 1.30, -0.02>, 0.34, 1.0 scale <1.0, 1, 0.70> }        // back
  cylinder { <-0.15, 1.36, -0.01>, <0.15, 1.36, -0.01>, 0.235, 1.0 scale <1.08, 1, 0.85> } // shoulders
  sphere { <0, 1.46, 0>, 0.20, 0.6 }
  cylinder { <-0.245, 1.38, 0>, <-0.325, 1.08, -0.03>, 0.150, 1.0 }                  // arms
  cylinder { <0.245, 1.38, 0>, <0.325, 1.08, -0.03>, 0.150, 1.0 }
  cylinder { <-0.325, 1.08, -0.03>, <-0.27, 0.84, 0.10>, 0.140, 1.0 }
  cylinder { <0.325, 1.08, -0.03>, <0.27, 0.84, 0.10>, 0.140, 1.0 }
}
#declare Man = union {
  union {
    difference { object { Coat } plane { y, 0.44 } box { <-0.012, 0, -1>, <0.012, 0.72, 0> } }
    difference {    // collar, turned up
      cone { <0, 1.42, 0.0>, 0.155, <0, 1.585, -0.02>, 0.125 }
      cone { <0, 1.40, 0.0>, 0.135, <0, 1.60, -0.02>, 0.108 }
      box { <-0.06, 1.3, 0.02>, <0.06, 1.7, 0.3> }
    }
    Subject_look(Wool)
  }
  union {
    cone { <-0.105, 0.06, 0.0>, 0.072, <-0.10, 0.62, 0>, 0.098 }
    cone { <0.135, 0.06, 0.06>, 0.072, <0.10, 0.62, 0.02>, 0.098 }
    Subject_look(Trousers)
  }
  union {
    sphere { 0, 1 scale <0.055, 0.055, 0.15> translate <-0.115, 0.05, 0.05> }
    sphere { 0, 1 scale <0.055, 0.055, 0.15> rotate y * 18 translate <0.16, 0.05, 0.11> }
    Subject_look(Leather)
  }
  union {    // head, turned a little to the left
    sphere { 0, 1 scale <0.082, 0.115, 0.10> translate <0, 1.655, 0.01> }
    cylinder { <0, 1.50, 0>, <0, 1.62, 0>, 0.062 }
    sphere { 0, 1 scale <0.016, 0.032, 0.022> translate <0.084, 1.645, 0> }
    sphere { 0, 1 scale <0.016, 0.032, 0.022> translate <-0.084, 1.645, 0> }
    Subject_look(Skin)
  }
  union {    // the hat
    lathe { cubic_spline 9
      <0.00, 1.845>, <0.00, 1.845>, <0.050, 1.850>, <0.092, 1.838>, <0.108, 1.79>, <0.113, 1.725>, <0.125, 1.708>, <0.185, 1.712>, <0.19, 1.72>
      scale <0.94, 1, 1.08> }
    difference {
      sphere { 0, 1 scale <0.195, 0.022, 0.215> translate <0, 1.712, 0.01> }
      sphere { 0, 1 scale <0.3, 0.03, 0.35> translate <0, 1.675, 0.01> }
    }
    rotate x * 3
    Subject_look(Felt)
  }
  cone { <0, 1.722, 0>, 0.1195, <0, 1.762, 0>, 0.1160 scale <0.94, 1, 1.08> rotate x * 3 Subject_look(Ribbon) }
}

// ---- the set --------------------------------------------------------------------------------------------------------
#declare World = union {
  plane { y, 0 Look(Road) }
  box { <-30, -1, -5>, <-Street_half - 0.15, 0.14, 58> Look(Paving) }
  box { <Street_half + 0.15, -1, -5>, <30, 0.14, 58> Look(Paving) }
  box { <-Street_half - 0.15, -1, -5>, <-Street_half, 0.15, 58> Look(Kerb_stone) }
  box { <Street_half, -1, -5>, <Street_half + 0.15, 0.15, 58> Look(Kerb_stone) }
  #declare Z = 2;
  #while (Z < 110)      // the dashed line in the middle
    box { <-0.07, 0, Z>, <0.07, 0.004, Z + 2.2>
      #if (PASS = 0) texture {
        pigment { granite scale 0.5 color_map { [0.35 rgb 0.05] [0.5 rgb 0.26] [1 rgb 0.34] } }
        normal { Road_normal }
        finish { ambient 0 diffuse 0.7 reflection { 0.03, 0.6 fresnel on falloff 1 } conserve_energy } } #end }
    #declare Z = Z + 5.5;
  #end

  // left side
  union {
    object { House(11.0, 4, <0.19, 0.085, 0.060>, 0.30) translate z * -3 }
    object { House(9.4, 5, <-1, 0, 0>, 0.34) translate z * 8.1 }
    object { House(10.6, 4, <0.15, 0.10, 0.075>, 0.36) translate z * 17.6 }
    object { House(9.0, 6, <0.20, 0.075, 0.055>, 0.42) translate z * 28.3 }
    object { House(11.0, 5, <-1, 0, 0>, 0.40) translate z * 37.4 }
    object { House(9.0, 6, <0.13, 0.09, 0.08>, 0.45) translate z * 48.5 }
    object { Shop(2.6, 4.6, <1.0, 0.70, 0.36> * 0.9, 1) }
    object { Shop(9.2, 6.6, <1.0, 0.58, 0.24> * 1.0, 0) }
    object { Shop(18.6, 5.0, <0.80, 0.86, 0.72> * 0.8, 1) }
    object { Shop(24.0, 3.8, <1.0, 0.5, 0.2> * 0.6, 0) }
    object { Shop(29.0, 7.0, <1.0, 0.62, 0.30> * 0.9, 1) }
    object { Shop(38.4, 7.0, <0.6, 0.85, 0.85> * 0.7, 0) }
    translate x * -Wall
  }
  // right side
  union {
    object { House(9.6, 5, <0.15, 0.095, 0.07>, 0.32) translate z * -2 }
    object { House(10.4, 4, <0.21, 0.085, 0.058>, 0.34) translate z * 7.7 }
    object { House(9.8, 6, <-1, 0, 0>, 0.38) translate z * 18.2 }
    object { House(10.4, 5, <0.16, 0.08, 0.06>, 0.42) translate z * 28.1 }
    object { House(9.2, 4, <0.19, 0.10, 0.075>, 0.42) translate z * 38.6 }
    object { House(9.6, 6, <-1, 0, 0>, 0.45) translate z * 47.9 }
    object { Shop(3.0, 4.4, <0.55, 0.85, 0.95> * 0.55, 0) }
    object { Shop(9.0, 5.2, <1.0, 0.55, 0.22> * 0.55, 1) }
    object { Shop(19.0, 7.4, <1.0, 0.66, 0.34> * 0.95, 0) }
    object { Shop(29.4, 4.4, <0.9, 0.8, 0.6> * 0.7, 1) }
    object { Shop(39.4, 6.6, <1.0, 0.6, 0.3> * 0.8, 0) }
    scale <-1, 1, 1> translate x * Wall
  }
  // across the far end, in the haze
  union {
    box { <-80, 0, 122>, <-15, 30, 130> } box { <-15, 0, 125>, <-3, 42, 130> } box { <-3, 0, 122>, <8, 25, 130> } box { <8, 0, 124>, <80, 36, 130> }
    #if (PASS = 0) pigment { rgb 0.05 } finish { ambient 0 diffuse 0.6 } #end
  }
  #declare I = 0;
  #while (I < 90)
    #declare Wx = -24 + 1.9 * floor(26 * rand(R));  #declare Wy = 5 + 3.2 * floor(7 * rand(R));
    box { <Wx, Wy, 121.8>, <Wx + 1.1, Wy + 1.7, 121.9> Lit(Tungsten * (0.2 + 0.9 * rand(R))) }
    #declare I = I + 1;
  #end

  // a vertical neon sign on the left, a smaller one on the right
  #macro Letter(Text, Where, Size, Colour)
    text { internal 2 Text 0.06, 0 scale <Size, Size, 1> translate Where no_shadow Lit(Colour) }
  #end
  #declare Sign_z = 27;
  box { <-Wall + 0.25, 4.30, Sign_z + 0.1>, <-Wall + 1.45, 9.65, Sign_z + 0.35> Look(Iron) }
  Letter("H", <-Wall + 0.50, 8.58, Sign_z>, 1.0, <2.8, 0.17, 0.10>)
  Letter("O", <-Wall + 0.46, 7.55, Sign_z>, 1.0, <2.8, 0.17, 0.10>)
  Letter("T", <-Wall + 0.53, 6.52, Sign_z>, 1.0, <2.8, 0.17, 0.10>)
  Letter("E", <-Wall + 0.52, 5.49, Sign_z>, 1.0, <2.8, 0.17, 0.10>)
  Letter("L", <-Wall + 0.54, 4.46, Sign_z>, 1.0, <2.8, 0.17, 0.10>)
  Glow(<-Wall + 0.85, 7.0, Sign_z - 0.3>, 4.5, <1.0, 0.10, 0.06>, 0.30)
  box { <Wall - 1.95, 3.95, 20.9>, <Wall - 0.2, 4.85, 21.1> Look(Iron) }
  Letter("CAFE", <Wall - 1.88, 4.12, 20.82>, 0.68, <0.25, 1.7, 2.0>)
  Glow(<Wall - 1.05, 4.4, 20.7>, 2.4, <0.15, 0.8, 0.95>, 0.30)

  Lamp(-1, 4) Lamp(-1, 16) Lamp(-1, 30) Lamp(-1, 44)
  Lamp(1, 13) Lamp(1, 27) Lamp(1, 41)

  // parked cars
  object { Car(Paint(<0.020, 0.035, 0.045>)) rotate -y * 90 translate <-3.55, 0, 11.4> }
  object { Car(Paint(<0.085, 0.012, 0.012>)) rotate -y * 90 translate <-3.50, 0, 17.3> }
  object { Car(Paint(<0.05, 0.05, 0.05>)) rotate -y * 90 translate <-3.55, 0, 25> }
  object { Car(Paint(<0.010, 0.012, 0.014>)) rotate -y * 90 translate <3.55, 0, 10.2> }
  object { Car(Paint(<0.04, 0.055, 0.05>)) rotate -y * 90 translate <3.50, 0, 17.2> }
  object { Car(Paint(<0.08, 0.075, 0.06>)) rotate -y * 90 translate <3.55, 0, 30> }

  // a car stands across the far end, its headlights on us
  object { Car(Paint(<0.02, 0.02, 0.025>)) rotate y * 90 translate <-1.55, 0, 47> }
  sphere { <-2.2, 0.68, 44.6>, 0.12 no_shadow Lit(<1.0, 0.93, 0.78> * 14) }
  sphere { <-0.9, 0.68, 44.6>, 0.12 no_shadow Lit(<1.0, 0.93, 0.78> * 14) }
  Glow(<-2.2, 0.68, 44.2>, 1.5, <1.0, 0.90, 0.74>, 0.75)
  Glow(<-0.9, 0.68, 44.2>, 1.5, <1.0, 0.90, 0.74>, 0.75)
  Glow(<0.0, 2.0, 70>, 30, <1.1, 0.98, 0.74>, 0.9)

  object { Man rotate y * -12 translate <0.62, 0, 7.3> }

  World_look(Eye, Target, 5)
}
object { World hollow }   // so that fog goes on behind the halos

// ---- light ------------------------------------------------------------------------------------------------------------
#if (PASS = 0)
  Lamp_light(-1, 4, 3.2) Lamp_light(-1, 16, 3.4) Lamp_light(-1, 30, 3.4)
  Lamp_light(1, 13, 3.4) Lamp_light(1, 27, 3.4)
  light_source { <-6.8, 2.0, 12.3> rgb <1.0, 0.58, 0.26> * 0.8 fade_distance 3 fade_power 2 }
  light_source { <-6.6, 2.0, 5.0> rgb <1.0, 0.68, 0.38> * 0.7 fade_distance 2.5 fade_power 2 }
  light_source { <6.8, 2.0, 22.5> rgb <1.0, 0.64, 0.34> * 0.8 fade_distance 3 fade_power 2 }
  light_source { <-6.3, 6.5, 26.3> rgb <1.0, 0.08, 0.05> * 1.3 fade_distance 4 fade_power 2 }
  light_source { <6.3, 4.4, 20.3> rgb <0.12, 0.75, 0.9> * 0.8 fade_distance 2.5 fade_power 2 }
  light_source { <-1.5, 1.0, 44> rgb <1.0, 0.92, 0.76> * 1.6 spotlight point_at <0.2, 1.1, 0> radius 9 falloff 20 fade_distance 34 fade_power 1 }
  light_source { <-2, 14, 60> rgb <0.50, 0.66, 0.72> * 1.3 fade_distance 40 fade_power 1 }      // the bright haze at the end
  light_source { <-4, 30, -12> rgb <0.20, 0.34, 0.46> * 0.16 shadowless }               // night sky
#end
